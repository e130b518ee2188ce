"""Tagged documents as Parquet: a row each, with typed columns that tables, Spark and DuckDB read as they are."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from allabel.formats.arrow import arrow, write_rows
from allabel.formats.files import write_atomically
from allabel.formats.tagged import tagged_line
from allabel.reply import TaggedDocument


def write(tagged: Iterable[TaggedDocument], path: Path) -> None:
    """Write one file, whole or not at all.

    `entities` is null where the reply's status is not `ok`: a failed reply is never an empty annotation. Entities and
    `ungrounded` are those of tagged JSONL; the demonstrations stand once a document; `meta` is JSON.
    """
    write_rows((_row(one) for one in tagged), _schema(arrow()), path)


def join(parts: Sequence[Path], path: Path) -> None:
    """Write one file with a row group for each part, whole or not at all."""
    pa = arrow()
    schema = _schema(pa)
    with (
        write_atomically(path) as handle,
        pa.parquet.ParquetWriter(handle.buffer, schema, compression="zstd") as writer,
    ):
        for part in parts:
            writer.write_table(pa.parquet.read_table(part, schema=schema, partitioning=None))


def _row(one: TaggedDocument) -> dict[str, Any]:
    row = tagged_line(one)
    row["meta"] = json.dumps(row["meta"], ensure_ascii=False, default=str)
    row.setdefault("entities", None)
    row.setdefault("ungrounded", None)
    row.setdefault("error", "")
    return row


def _schema(pa: Any) -> Any:
    string, number, count = pa.string(), pa.float64(), pa.int64()
    entity = [("start", count), ("end", count), ("label", string), ("text", string), ("mention", string)]
    entity += [("score", number), ("grounding", string)]
    ungrounded = [("label", string), ("mention", string), ("score", number), ("grounding", string)]
    return pa.schema(
        [
            ("id", string),
            ("text", string),
            ("entities", pa.list_(pa.struct(entity))),
            ("ungrounded", pa.list_(pa.struct(ungrounded))),
            ("status", string),
            ("backend", string),
            ("model", string),
            ("error", string),
            ("perplexity", number),
            ("demonstrations", pa.list_(string)),
            ("n_prompt_tokens", count),
            ("n_output_tokens", count),
            ("meta", string),
        ]
    )
