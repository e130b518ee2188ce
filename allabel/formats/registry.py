"""The format that a file is in, and documents read from files and written to them."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from allabel.document import Document
from allabel.errors import InputError
from allabel.formats.base import Format, Record
from allabel.formats.conll.tags import is_tag
from allabel.formats.dialects import json_kind, jsonl_dialect
from allabel.formats.files import read_lines
from allabel.formats.named import FORMATS, by_name, by_suffix
from allabel.plugins import not_one

__all__ = ["FORMATS", "by_name", "by_suffix", "detect", "read_documents", "write_documents"]

# A .txt last: a README.txt lies beside data of every kind.
_IN_FOLDER = (
    ("*.ann", "brat"),
    ("state.json", "huggingface"),
    ("dataset_dict.json", "huggingface"),
    ("*.parquet", "parquet"),
    ("*.txt", "text"),
)
_N_SNIFFED, _N_PROOF = 200, 5


def detect(path: Path) -> Format:
    """Tell a file's format by its suffix; a `.txt` and an unknown suffix are told by their first lines.

    Which JSONL or JSON it is, its keys tell; a folder is told by the files in it. Raises InputError where neither
    says enough.
    """
    if path.is_dir():
        return FORMATS[_kind_of_folder(path)]
    known = by_suffix(path.suffix)
    if known and known.name == "jsonl":
        return FORMATS[jsonl_dialect(path)]
    if known and known.name == "label_studio":
        return FORMATS[json_kind(path)]
    if known and known.name != "text":
        return known
    sniffed = _sniff(path) or known
    if sniffed is None:
        raise InputError("does not look like any format", file=path, remedy=f"say which it is: {', '.join(FORMATS)}")
    return sniffed


def read_documents(path: Path, format: str = "auto") -> Iterator[Record]:
    """Yield a file's documents in order. Raises InputError where it holds none."""
    chosen = detect(path) if format == "auto" else by_name(format)
    return _at_least_one(chosen, path)


def write_documents(documents: Iterable[Document], path: Path, format: str = "auto") -> None:
    """Write the documents whole or not at all, in the format of this name or of the file's suffix."""
    chosen = by_suffix(path.suffix) if format == "auto" else by_name(format)
    if chosen is None:
        raise InputError(
            f"the suffix {path.suffix!r} names no format", file=path, remedy=f"say which is meant: {', '.join(FORMATS)}"
        )
    chosen.write(documents, path)


def _at_least_one(chosen: Format, path: Path) -> Iterator[Record]:
    records = _checked(chosen, path)
    first = next(records, None)
    if first is None:
        raise InputError("holds no documents", file=path, remedy="check that this is the file you mean")
    yield first
    yield from records


def _checked(chosen: Format, path: Path) -> Iterator[Record]:
    for record in chosen.read(path):
        if not isinstance(record, Record):
            told = f"it reads objects of {type(record).__name__}, and they must be of allabel.formats.base.Record"
            raise not_one("formats", chosen.name, told)
        yield record


def _kind_of_folder(path: Path) -> str:
    for pattern, name in _IN_FOLDER:
        if next(path.glob(pattern), None) is not None:
            return name
    raise InputError(
        "is a folder without .txt files, brat's .ann, or a dataset's .parquet or state.json",
        file=path,
        remedy="name a file, or a folder of such files",
    )


def _sniff(path: Path) -> Format | None:
    lines = list(islice((line for _, line in read_lines(path) if line.strip()), _N_SNIFFED))
    # A brace alone is no JSON: a text may well begin with "{112} planes".
    if lines and re.match(r'\s*\{\s*"', lines[0]):
        return FORMATS[jsonl_dialect(path)]
    cells = [_cells(line) for line in lines]
    tags = [row[-1] for row in cells if len(row) > 1 and is_tag(row[-1])]
    n_even = max(Counter(map(len, cells)).values(), default=0)
    # A text may well end in "… H2 O": spaces and a few O prove nothing.
    proven = len(lines) >= _N_PROOF or any(tag != "O" for tag in tags) or all("\t" in line for line in lines)
    # Nearly all, not all: real files have lines whose tag is missing.
    is_conll = bool(lines) and proven and min(len(tags), n_even) >= 0.9 * len(lines)
    return FORMATS["conll"] if is_conll else None


def _cells(line: str) -> list[str]:
    return re.split(r"[ \t]+", line.rstrip(" \t"))
