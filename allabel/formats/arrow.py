"""Columnar files row by row: Parquet and Arrow files read a batch at a time, Parquet written so."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from allabel.errors import InputError, MissingExtraError
from allabel.formats.files import require_file, write_atomically

# So many rows are in memory at once, read or written.
_ROWS_READ, _ROWS_WRITTEN = 1000, 10_000
# A batch of rows is to take so many bytes; what unpacks to more than a GiB, and a thousand times its size, is a bomb.
_BATCH, _PLENTY, _MOST_UNPACKED = 2**28, 2**30, 1000


def arrow() -> Any:
    """Give pyarrow with its parquet and ipc modules. Raises MissingExtraError where it is not installed."""
    try:
        import pyarrow as pa
        import pyarrow.ipc
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError("Parquet files need pyarrow: pip install 'allabel[parquet]'") from error
    return pa


def column_names(path: Path) -> list[str]:
    """Give the names of a file's columns, without reading a row. Raises InputError where it is no such file."""
    with _opened(path) as (schema, _):
        return list(schema.names)


def features_of(path: Path) -> dict[str, Any]:
    """Give what the `datasets` library wrote of the columns into the file, {} where it wrote nothing."""
    with _opened(path) as (schema, _):
        told = (schema.metadata or {}).get(b"huggingface")
    try:
        features = json.loads(told)["info"]["features"] if told else {}
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return features if isinstance(features, dict) else {}


def read_rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each row's number from 1 and the cells of these columns, a batch of rows in memory at a time.

    Raises InputError where the file is damaged, has a column twice, or unpacks to far more than any text does.
    """
    number = 0
    with _opened(path) as (schema, batches):
        twice = next((name for name in columns if schema.names.count(name) > 1), None)
        if twice is not None:
            raise InputError(
                f"has the column {twice!r} twice", file=path, remedy="name each column differently: which one counts?"
            )
        n_bytes, most = 0, max(_PLENTY, path.stat().st_size * _MOST_UNPACKED)
        for batch in batches(columns):
            with _damage(path):
                # Offsets and lengths are taken at their word later, even to count bytes: those of a file that lies
                # lead out of it.
                batch.validate(full=True)
            n_bytes += batch.nbytes
            if n_bytes > most:
                raise InputError(
                    f"unpacks to more than {_MOST_UNPACKED:,} times its size",
                    file=path,
                    remedy="check that this is the file you mean; write it again uncompressed if it is",
                )
            with _damage(path):
                rows = batch.to_pylist()
            for row in rows:
                number += 1
                yield number, row


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    """Turn what cells raise that Python cannot hold, be they dates, decimals or texts, into an InputError."""
    pa = arrow()
    try:
        yield
    except (pa.ArrowException, ValueError, OverflowError, TypeError, RecursionError, LookupError) as error:
        raise InputError(f"is damaged: {error!s:.120}", file=path, remedy="copy or make the file again") from error


def write_rows(rows: Iterable[dict[str, Any]], schema: Any, path: Path) -> None:
    """Write the rows as Parquet, a row group at a time, whole or not at all."""
    pa = arrow()
    rows = iter(rows)
    with write_atomically(path) as handle:
        try:
            with pa.parquet.ParquetWriter(handle.buffer, schema, compression="zstd") as writer:
                while chunk := list(islice(rows, _ROWS_WRITTEN)):
                    writer.write_batch(pa.RecordBatch.from_pylist(chunk, schema=schema))
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
            raise InputError(f"cannot be written: {error}", file=path, remedy="write jsonl") from error


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """Give a file's schema, and what makes batches of some of its columns."""
    pa = arrow()
    require_file(path)
    is_stream = path.suffix.lower() == ".arrow"
    try:
        if is_stream:
            with pa.OSFile(str(path)) as source, pa.ipc.open_stream(source) as stream:
                yield stream.schema, lambda columns: (batch.select(columns) for batch in _sliced(stream))
        else:
            # Without a buffer of its own a column would be read whole, row group by row group.
            with pa.parquet.ParquetFile(str(path), buffer_size=2**16, pre_buffer=False) as file:
                yield (
                    file.schema_arrow,
                    lambda columns: file.iter_batches(_rows_at_once(file), columns=columns, use_threads=False),
                )
    # What flatbuffers, thrift and UTF-8 say of bytes that are none of theirs.
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        kind = "an Arrow stream" if is_stream else "Parquet"
        raise InputError(
            f"is not {kind}, or is damaged: {error!s:.120}", file=path, remedy="copy or make the file again"
        ) from error


def _rows_at_once(file: Any) -> int:
    """How many rows are read at once: a row may repeat the largest value of a column, and be as large as all of it."""
    told = file.metadata
    # Of the groups alone: to ask for a column of a damaged file ends the process.
    sizes = [int(told.row_group(n).total_byte_size) for n in range(told.num_row_groups)]
    return max(1, min(_ROWS_READ, _BATCH // max([1, *sizes])))


def _sliced(batches: Iterable[Any]) -> Iterator[Any]:
    for batch in batches:
        for start in range(0, batch.num_rows, _ROWS_READ):
            yield batch.slice(start, _ROWS_READ)
