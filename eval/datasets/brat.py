"""Brat standoff: a text file and an annotation file of one name."""

from collections.abc import Iterator
from pathlib import Path

from allabel.document import DocId, Document, Span
from allabel.errors import InputError
from allabel.formats.files import read_lines, read_text


def read_listed(listing: Path) -> Iterator[Document]:
    """Yield the documents whose names stand in a file, one a line; their files are in `data/` beside it."""
    for _, name in read_lines(listing):
        if name.strip():
            yield read_pair(listing.parent / "data" / f"{name.strip()}.txt")


def read_pair(text_file: Path) -> Document:
    """Read a `.txt` and its `.ann`. Offsets run over the whole file; only text-bound lines (`T`) count.

    Raises InputError on a discontinuous or an unreadable `T` line.
    """
    text, file = read_text(text_file), text_file.with_suffix(".ann")
    spans = set()
    for number, line in read_lines(file):
        if line.startswith("T"):
            spans.add(_span(line, number, file))
    return Document(DocId(text_file.stem), text, tuple(sorted(spans)))


def _span(line: str, number: int, file: Path) -> Span:
    parts = line.split("\t")[1].split(" ") if "\t" in line else []
    if len(parts) != 3 or not (parts[1].isdecimal() and parts[2].isdecimal()):
        raise InputError(
            f"{line!r:.80} is no label with one start and one end",
            file=file,
            line=number,
            remedy="write T1<TAB>Label start end<TAB>mention; a span in pieces cannot be read",
        )
    return Span(int(parts[1]), int(parts[2]), parts[0])
