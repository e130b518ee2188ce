"""brat standoff: a folder with a `.txt` and an `.ann` a document, or one such pair."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from allabel.document import DocId, Document, Span
from allabel.errors import InputError
from allabel.formats.base import Losses, Record
from allabel.formats.file_names import id_of_name
from allabel.formats.files import (
    read_lines,
    read_text,
    require_file,
    require_inside,
    with_mark,
    write_atomically,
)
from allabel.formats.folders import file_of, new_folder
from allabel.formats.native import Place
from allabel.formats.places import UniqueIds
from allabel.formats.units import Utf16, said_text

_ENTITY = re.compile(r"T\d+\t(\S+) ([0-9]{1,15} [0-9]{1,15}(?:;[0-9]{1,15} [0-9]{1,15})*)(?:\t(.*))?")
_OTHERS = {"R": "relations", "E": "events", "A": "attributes", "M": "attributes", "N": "references", "#": "notes"}
_LINE = re.compile(r"[^\r\n]+")
_REMEDY = "a line is T1 TAB Type start end TAB text, offsets in code points from 0"


@dataclass(frozen=True, slots=True)
class _Bound:
    """A `T` line: where it stands, its label, its pieces as the file counts, and its own text where it has one."""

    at: Place
    label: str
    pieces: list[tuple[int, int]]
    said: str | None


class Brat:
    """Reads and writes text-bound annotations (`T` lines); relations, events, attributes and notes are left out.

    A discontinuous annotation is read as one span, from its first piece to its last: with a warning where there is
    more than white space between, which stands in the span then. An id is the file's name; names are made of ids so
    that they can be made ids again.
    """

    name = "brat"
    suffixes: tuple[str, ...] = (".ann",)

    def read(self, path: Path) -> Iterator[Record]:
        """Yield the documents by name; a `.txt` without its `.ann` is not annotated."""
        losses, ids = Losses(path), UniqueIds()
        if path.is_dir():
            stray = next((p for p in sorted(path.rglob("*.ann")) if not p.with_suffix(".txt").is_file()), None)
            if stray is not None:
                require_file(stray.with_suffix(".txt"))
            pairs = [(text, text.with_suffix(".ann")) for text in sorted(path.rglob("*.txt"))]
        else:
            require_file(path)
            pairs = [(path.with_suffix(".txt"), path)]
        for text, ann in pairs:
            document = _document(text, ann, path if path.is_dir() else path.parent, losses)
            ids.take(document.id, str(text), Place(text, 1))
            yield Record(1, document)
        losses.tell()

    def write(self, documents: Iterable[Document], path: Path) -> None:
        """Write a pair a document into a new folder, whole or not at all; to a path `NAME.ann` one document alone."""
        losses = Losses(path)
        if path.suffix.lower() == ".ann":
            _write_one(list(documents), path, losses)
        else:
            _write_folder(documents, path, losses)
        losses.tell()


def _document(text_path: Path, ann: Path, folder: Path, losses: Losses) -> Document:
    for file in (text_path, ann):
        require_inside(file, folder)
    text = read_text(text_path)
    relative = text_path.relative_to(folder)
    name = "/".join(id_of_name(part, folder) for part in (*relative.parts[:-1], relative.stem))
    entities = tuple(sorted(set(_entities(ann, text, losses)))) if ann.exists() else None
    return Document(id=DocId(name), text=text, entities=entities)


def _entities(ann: Path, text: str, losses: Losses) -> Iterator[Span]:
    """The spans of one `.ann`. Raises InputError where offsets and text disagree in either unit."""
    bounds, others = list[_Bound](), Counter[str]()
    for number, line in read_lines(ann):
        if not line.strip():
            continue
        if not line.startswith("T"):
            others[_OTHERS.get(line[0], "other lines")] += 1
            continue
        at, match = Place(ann, number), _ENTITY.fullmatch(line)
        if match is None:
            raise at.wrong(f"is {line!r:.60}", _REMEDY)
        pieces = (piece.split() for piece in match[2].split(";"))
        bounds.append(_Bound(at, match[1], [(int(start), int(end)) for start, end in pieces], match[3]))
    for what, n in others.items():
        losses.add(f"{what} left out", ann.name, n)
    for one in _in_code_points(text, bounds, losses, ann):
        parts = sorted(one.pieces)
        start, end = parts[0][0], max(b for _, b in parts)
        if any(not 0 <= a < b <= len(text) for a, b in parts):
            raise one.at.wrong(f"has {one.label} [{start}, {end}) in a text of {len(text)} code points", _REMEDY)
        gaps = "".join(text[a[1] : b[0]] for a, b in pairwise(parts))
        losses.add("discontinuous annotations read as one span, with what stands between", ann.name, bool(gaps.strip()))
        yield Span(start, end, one.label)


def _in_code_points(text: str, bounds: Sequence[_Bound], losses: Losses, ann: Path) -> Sequence[_Bound]:
    """The annotations with their pieces in code points, as their own texts say."""
    bad = next((one for one in bounds if not _fits(text, one)), None)
    if bad is None:
        return bounds
    units = Utf16(text)
    pointed = [
        [
            (a, b)
            for a, b in ((units.point(a), units.point(b)) for a, b in one.pieces)
            if a is not None and b is not None
        ]
        for one in bounds
    ]
    moved = [replace(one, pieces=pieces) for one, pieces in zip(bounds, pointed, strict=True)]
    if all(len(m.pieces) == len(one.pieces) and _fits(text, m) for m, one in zip(moved, bounds, strict=True)):
        losses.add("files counted in UTF-16 units read as such", ann.name)
        return moved
    found = " ".join(text[a:b] for a, b in bad.pieces)
    raise bad.at.wrong(
        f"has the text {bad.said!r:.60}, and from {bad.pieces[0][0]} to {bad.pieces[-1][1]} there is {found!r:.60}",
        "mend the offsets: code points from 0, line ends as they stand in the .txt, or give the .txt they were made on",
    )


def _fits(text: str, bound: _Bound) -> bool:
    joined = " ".join(text[a:b] for a, b in bound.pieces)
    return bound.said is None or said_text(joined, 0, len(joined), bound.said)


def _lines(document: Document, path: Path, losses: Losses) -> str:
    """The `.ann` of a document: brat allows no line end inside an annotation, so a piece a line of the text."""
    lines = []
    losses.of_document(document)
    for n, span in enumerate(document.entities or (), start=1):
        if re.search(r"\s", span.label):
            raise InputError(f"the label {span.label!r} cannot stand in brat", file=path, remedy="rename it: no spaces")
        parts = [
            (span.start + m.start(), span.start + m.end()) for m in _LINE.finditer(document.text[span.start : span.end])
        ]
        name = f"document {document.id!r}"
        if not parts:
            losses.add("entities that are line ends alone left out", name)
            continue
        cut = (parts[0][0], parts[-1][1]) != (span.start, span.end)
        losses.add("entities cut at the line ends they begin or end with", name, int(cut))
        offsets = ";".join(f"{a} {b}" for a, b in parts)
        lines.append(f"T{n}\t{span.label} {offsets}\t{' '.join(document.text[a:b] for a, b in parts)}\n")
    return "".join(lines)


def _write_pair(document: Document, text_path: Path, losses: Losses) -> None:
    lines = None if document.entities is None else _lines(document, text_path, losses)
    with write_atomically(text_path) as handle:
        handle.write(with_mark(document.text))
    if lines is not None:
        with write_atomically(text_path.with_suffix(".ann")) as handle:
            handle.write(lines)


def _write_one(documents: list[Document], path: Path, losses: Losses) -> None:
    if len(documents) != 1:
        raise InputError(
            f"is one document's file, and there are {len(documents)}",
            file=path,
            remedy="name a folder that is not there yet, and the format: --to brat",
        )
    if documents[0].entities is None:
        raise InputError(
            f"document {documents[0].id!r} is not annotated, and an .ann would say that it holds no entities",
            file=path,
            remedy="name a folder that is not there yet, and the format: --to brat; the text stands there alone",
        )
    _write_pair(documents[0], path.with_suffix(".txt"), losses)


def _write_folder(documents: Iterable[Document], path: Path, losses: Losses) -> None:
    labels: set[str] = set()
    with new_folder(path) as folder:
        for document in documents:
            _write_pair(document, file_of(document.id, folder, path), losses)
            labels |= {span.label for span in document.entities or ()}
        with write_atomically(folder / "annotation.conf") as handle:
            types = "".join(f"{label}\n" for label in sorted(labels))
            handle.write(f"[entities]\n{types}\n[relations]\n\n[events]\n\n[attributes]\n")
