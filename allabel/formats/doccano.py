"""doccano JSONL: a text a line with its labelled stretches, in either of doccano's two spellings."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from allabel.document import Document
from allabel.formats.base import Losses, Record
from allabel.formats.files import read_lines, write_atomically
from allabel.formats.native import Place, dump_json, parse_document, parse_meta, parse_object
from allabel.formats.places import UniqueIds
from allabel.formats.units import Utf16

_OWN_KEYS = {"id", "text", "data", "label", "labels", "entities", "relations", "meta"}
_EXAMPLE = '{"text": "NaCl in water", "label": [[0, 4, "Chemical"]]}'


class Doccano:
    """Reads `label` or `labels` of [start, end, label], and `entities` of objects with start_offset; writes `label`.

    code_points: how the file counts. doccano's own pages count UTF-16 units, and show offsets as such, so that is
    the default; where the two differ, after a character beyond U+FFFF, it is said. doccano's setting to count
    grapheme clusters cannot be told from the file, and is not read.
    """

    suffixes: tuple[str, ...] = (".jsonl",)

    def __init__(self, *, code_points: bool = False):
        self.code_points = code_points
        self.name = "doccano_code_points" if code_points else "doccano"

    def read(self, path: Path) -> Iterator[Record]:
        """Yield the documents in order. Raises InputError where an offset lies inside a character."""
        losses, ids = Losses(path), UniqueIds()
        for line, source in read_lines(path):
            if source.strip():
                at = Place(path, line)
                document = self._document(parse_object(source, at), f"{path.stem}-{line}", at, losses)
                ids.take(document.id, f"line {line}", at)
                yield Record(line, document)
        losses.tell()

    def write(self, documents: Iterable[Document], path: Path) -> None:
        """Write a document a line; one that nobody annotated has no `label`. Values and times are left out."""
        losses = Losses(path)
        with write_atomically(path) as handle:
            for document in documents:
                name = f"document {document.id!r}"
                losses.of_document(document, meta=False)
                losses.add("empty texts written that doccano will not import", name, int(not document.text))
                overlap = any(a.overlaps(b) for a, b in pairwise(document.entities or ()))
                losses.add(
                    "texts with overlapping spans, of which a doccano project keeps the first unless it allows "
                    "overlapping",
                    name,
                    int(overlap),
                )
                handle.write(dump_json(self._line(document), name, path) + "\n")
        losses.tell()

    def _line(self, document: Document) -> dict[str, Any]:
        data: dict[str, Any] = {"id": document.id, "text": document.text}
        if document.entities is not None:
            units = Utf16("" if self.code_points else document.text)
            data["label"] = [[units.unit(s.start), units.unit(s.end), s.label] for s in document.entities]
        return {**data, "meta": dict(document.meta)}

    def _document(self, data: dict[str, Any], default_id: str, at: Place, losses: Losses) -> Document:
        text = data.get("text", data.get("data"))
        stretches = _stretches(data, at)
        if stretches and isinstance(text, str):
            units = Utf16(text)
            if not units.plain and not self.code_points:
                pointed = [self._pointed(one, units, at) for one in stretches]
                losses.add(
                    "texts with characters beyond U+FFFF, whose offsets were read as UTF-16 units, as doccano "
                    "counts; --from doccano_code_points reads them as code points",
                    f"line {at.line}",
                    int(pointed != stretches),
                )
                stretches = pointed
        relations = data.get("relations")
        losses.add("relations left out", f"line {at.line}", len(relations) if isinstance(relations, list) else 0)
        meta = parse_meta(data.get("meta"), at)
        others = {key: value for key, value in data.items() if key not in _OWN_KEYS and value not in ([], None)}
        native = {"id": data.get("id"), "text": text, "entities": stretches}
        return parse_document({**native, "meta": {**others, **meta}}, default_id, at)

    def _pointed(self, stretch: dict[str, Any], units: Utf16, at: Place) -> dict[str, Any]:
        edges = (stretch["start"], stretch["end"])
        first, last = (units.point(edge) if type(edge) is int else None for edge in edges)
        if first is None or last is None:
            raise at.wrong(
                f"has a span from {edges[0]!r} to {edges[1]!r} {stretch['label']!r}, outside the text or inside a "
                "character where UTF-16 units are counted",
                "read it as --from doccano_code_points if code points were counted",
            )
        return {**stretch, "start": first, "end": last}


def code_points() -> Doccano:
    """Return the format of files whose offsets count code points, as scripts write them."""
    return Doccano(code_points=True)


def _stretches(data: Mapping[str, Any], at: Place) -> list[dict[str, Any]] | None:
    """The spans as native entities in the file's own units; None where the line has no key for them."""
    key = next((key for key in ("label", "labels", "entities") if data.get(key) is not None), None)
    if key is None:
        return None
    value = data[key]
    if not isinstance(value, list):
        raise at.wrong(f"has the {key} {value!r:.40}, a class of the whole text", f"spans are written {_EXAMPLE}")
    return [_stretch(one, key, at) for one in value]


def _stretch(one: Any, key: str, at: Place) -> dict[str, Any]:
    if isinstance(one, list) and len(one) == 3:
        return dict(zip(("start", "end", "label"), one, strict=True))
    if isinstance(one, dict) and {"start_offset", "end_offset", "label"} <= one.keys():
        return {"start": one["start_offset"], "end": one["end_offset"], "label": one["label"]}
    raise at.wrong(f"has {one!r:.60} in `{key}`", f"a span is [start, end, label], for example {_EXAMPLE}")
