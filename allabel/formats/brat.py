"""brat standoff: a folder with a `.txt` and an `.ann` a document, or one such pair."""

import re
import secrets
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from allabel.document import DocId, Document, Span
from allabel.errors import InputError
from allabel.formats.base import Losses, Record
from allabel.formats.file_names import file_name, id_of_name
from allabel.formats.files import BOM, read_lines, read_text, require_file, write_atomically
from allabel.formats.native import Place
from allabel.formats.places import UniqueIds
from allabel.formats.units import in_units, said_text

_ENTITY = re.compile(r"T\d+\t(\S+) (\d+ \d+(?:;\d+ \d+)*)(?:\t(.*))?")
_OTHERS = {"R": "relations", "E": "events", "A": "attributes", "M": "attributes", "N": "references", "#": "notes"}
_LINE = re.compile(r"[^\r\n]+")
_REMEDY = "a line is T1 TAB Type start end TAB text, offsets in code points from 0"


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
            texts, folder = sorted(path.rglob("*.txt")), path
        else:
            require_file(path)
            texts, folder = [path.with_suffix(".txt")], path.parent
        for text in texts:
            document = _document(text, folder, losses)
            ids.take(document.id, text.name, Place(text, 1))
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


def _document(text_path: Path, folder: Path, losses: Losses) -> Document:
    text, ann = read_text(text_path), text_path.with_suffix(".ann")
    relative = text_path.relative_to(folder)
    name = "/".join(id_of_name(part, folder) for part in (*relative.parts[:-1], relative.stem))
    entities = tuple(sorted(set(_entities(ann, text, losses)))) if ann.is_file() else None
    return Document(id=DocId(name), text=text, entities=entities)


def _entities(ann: Path, text: str, losses: Losses) -> Iterator[Span]:
    """The spans of one `.ann`. Raises InputError where offsets and text disagree in either unit."""
    found: list[tuple[Place, str, list[tuple[int, int]], str | None]] = []
    others: Counter[str] = Counter()
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
        found.append((at, match[1], [(int(start), int(end)) for start, end in pieces], match[3]))
    for what, n in others.items():
        losses.add(f"{what} left out", ann.name, n)
    said = [(parts[0][0], parts[-1][1], parts, words) for _, _, parts, words in found]
    pointed = _pointed(text, said, [at for at, *_ in found], losses, ann)
    for (at, label, _, _), parts in zip(found, pointed, strict=True):
        start, end = min(p[0] for p in parts), max(p[1] for p in parts)
        if any(not 0 <= a < b <= len(text) for a, b in parts):
            raise at.wrong(f"has {label} [{start}, {end}) in a text of {len(text)} code points", _REMEDY)
        gaps = "".join(text[a[1] : b[0]] for a, b in pairwise(parts))
        losses.add("discontinuous annotations read as one span, with what stands between", ann.name, bool(gaps.strip()))
        yield Span(start, end, label)


def _pointed(
    text: str,
    said: Sequence[tuple[int, int, list[tuple[int, int]], str | None]],
    places: Sequence[Place],
    losses: Losses,
    ann: Path,
) -> list[list[tuple[int, int]]]:
    """Each annotation's pieces in code points, as its own text says."""
    bad = next((n for n, (_, _, parts, words) in enumerate(said) if not _fits(text, parts, words)), None)
    if bad is None:
        return [parts for _, _, parts, _ in said]
    flat = [(a, b, "") for _, _, parts, _ in said for a, b in parts]
    units = in_units(text, [(a, b, _of_units(text, a, b)) for a, b, _ in flat])
    if units is not None:
        left = iter(units)
        pointed = [[next(left) for _ in parts] for _, _, parts, _ in said]
        if all(_fits(text, parts, one[3]) for parts, one in zip(pointed, said, strict=True)):
            losses.add("files counted in UTF-16 units read as such", ann.name)
            return pointed
    start, end, parts, words = said[bad]
    found = " ".join(text[a:b] for a, b in parts)
    raise places[bad].wrong(
        f"has the text {words!r:.60}, and from {start} to {end} there is {found!r:.60}",
        "mend the offsets: code points from 0, line ends as they stand in the .txt, or give the .txt they were made on",
    )


def _fits(text: str, parts: Sequence[tuple[int, int]], words: str | None) -> bool:
    joined = " ".join(text[a:b] for a, b in parts)
    return words is None or said_text(joined, 0, len(joined), words)


def _of_units(text: str, start: int, end: int) -> str:
    return text.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le", "replace")


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
        handle.write((BOM if document.text.startswith(BOM) else "") + document.text)
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
    _write_pair(documents[0], path.with_suffix(".txt"), losses)


def _write_folder(documents: Iterable[Document], path: Path, losses: Losses) -> None:
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise InputError("is there already", file=path, remedy="name a folder that is not there yet")
    if not path.parent.is_dir():
        raise InputError("cannot be written", file=path, remedy=f"make the folder first: mkdir -p {path.parent}")
    temporary = path.with_name(f".{secrets.token_hex(6)}.tmp")
    temporary.mkdir()
    labels: set[str] = set()
    try:
        for document in documents:
            target = temporary / f"{file_name(document.id, path)}.txt"
            if target.exists():
                raise InputError(f"the id {document.id!r} is there twice", file=path, remedy="give each its own id")
            _write_pair(document, target, losses)
            labels |= {span.label for span in document.entities or ()}
        with write_atomically(temporary / "annotation.conf") as handle:
            types = "".join(f"{label}\n" for label in sorted(labels))
            handle.write(f"[entities]\n{types}\n[relations]\n\n[events]\n\n[attributes]\n")
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
