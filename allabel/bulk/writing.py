"""Parts as files, and parts joined into one: JSONL, or Parquet where its packages are installed."""

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from allabel.bulk.plan import PartFormat
from allabel.formats.files import write_atomically
from allabel.formats.tagged import write_tagged
from allabel.reply import TaggedDocument


def write_part(tagged: Iterable[TaggedDocument], path: Path, format: PartFormat) -> None:
    """Write tagged documents whole or not at all. Raises MissingExtraError where Parquet cannot be written here."""
    if format == "jsonl":
        write_tagged(tagged, path)
        return
    from allabel.bulk.parquet import write

    write(tagged, path)


def join(parts: Sequence[Path], path: Path, format: PartFormat) -> None:
    """Write one file with all the parts hold, in order, whole or not at all; of each part little is in memory."""
    if format == "parquet":
        from allabel.bulk.parquet import join as join_parquet

        join_parquet(parts, path)
        return
    with write_atomically(path) as handle:
        for part in parts:
            with part.open("rb") as file:
                shutil.copyfileobj(file, handle.buffer)


def format_of(out: Path) -> PartFormat:
    """Return what the name of an output, a file or a folder, asks for: Parquet by its suffix, else JSONL."""
    return "parquet" if out.suffix.lower() in {".parquet", ".pq"} else "jsonl"
