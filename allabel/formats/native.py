"""The native JSON of one document: checked on the way in, exact on the way out."""

import difflib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from allabel import sound
from allabel.document import DocId, Document, Span
from allabel.errors import InputError

_EXAMPLE = '{"id": "a1", "text": "NaCl in water", "entities": [{"start": 0, "end": 4, "label": "Chemical"}]}'


class Place:
    """Where in which file something stands."""

    def __init__(self, file: Path, line: int):
        self.file, self.line = file, line

    def wrong(self, problem: str, remedy: str) -> InputError:
        """Give the InputError that names this file and line."""
        return InputError(problem, file=self.file, line=self.line, remedy=remedy)


def parse_json(source: str, at: Place) -> Any:
    """Parse JSON as `sound.json_of` does. Raises InputError with the column where it is none."""
    try:
        return sound.json_of(source)
    except json.JSONDecodeError as error:
        cut = error.pos >= len(source.rstrip()) or error.msg.startswith("Unterminated string")
        hint = "; it looks cut off" if cut else ""
        raise at.wrong(
            f"is not JSON at column {error.pos + 1}: {error.msg}{hint}",
            "copy the file again, it ends too early" if cut else f"one JSON object a line: {_EXAMPLE}",
        ) from error
    except ValueError as error:
        raise at.wrong(f"cannot be read as JSON: {error}", f"one JSON object a line: {_EXAMPLE}") from error


def parse_object(source: str, at: Place) -> dict[str, Any]:
    """Parse one line that must be a JSON object."""
    value = parse_json(source, at)
    if not isinstance(value, dict):
        raise at.wrong(f"holds a JSON {_kind(value)}, not an object", f"one JSON object a line: {_EXAMPLE}")
    return value


def parse_document(data: Mapping[str, Any], default_id: str, at: Place) -> Document:
    """Make a document of its native JSON; keys that are not native are left out.

    A tagged line whose status is not `ok` comes back not annotated, whatever else it holds.
    """
    text = data.get("text")
    if not isinstance(text, str):
        what = "has no `text`" if text is None else f"has a `text` that is a {_kind(text)}, not a string"
        raise at.wrong(what, f"for example {_EXAMPLE}")
    _refuse_misspelt(data, at)
    return Document(
        id=parse_id(data.get("id"), default_id, at),
        text=text,
        entities=parse_entities(data.get("entities"), text, at) if data.get("status", "ok") == "ok" else None,
        values=_parse_values(data.get("values"), at),
        meta=parse_meta(data.get("meta"), at),
        seconds=_parse_seconds(data.get("seconds"), at),
    )


def _refuse_misspelt(data: Mapping[str, Any], at: Place) -> None:
    """Raise InputError at a key that is nearly a native one that is missing: its answers would be lost unseen."""
    for key in ("entities", "values"):
        near = difflib.get_close_matches(key, data, n=1, cutoff=0.85)
        if near and key not in data:
            raise at.wrong(f"has the key {near[0]!r:.80} and no {key!r}", f"write {key!r}, or rename a key of your own")


def parse_id(value: Any, default: str, at: Place) -> DocId:
    """Take a string or a whole number as an id, and the default where there is none."""
    if value is None:
        return DocId(default)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise at.wrong(f"has the id {value!r:.80}", "an id is a string that is not empty, or a whole number")
    return DocId(str(value))


def parse_meta(value: Any, at: Place) -> dict[str, Any]:
    """Take an object as meta, and an empty one where there is none."""
    if value is None or isinstance(value, dict):
        return value or {}
    raise at.wrong(
        f"has a `meta` that is a {_kind(value)}, not an object", 'for example "meta": {"source": "abstract"}'
    )


def parse_entities(value: Any, text: str, at: Place) -> tuple[Span, ...] | None:
    """Check each entity against its text; distinct and sorted, None where there is no list."""
    if value is None:
        return None
    if not isinstance(value, list):
        raise at.wrong(f"has `entities` that are a {_kind(value)}, not a list", f"for example {_EXAMPLE}")
    return tuple(sorted({parse_span(entity, text, at) for entity in value}))


def parse_span(entity: Any, text: str, at: Place) -> Span:
    """Make a span of `{"start", "end", "label"}`; further keys are tolerated."""
    if not isinstance(entity, dict):
        raise at.wrong(f"has the entity {entity!r:.80}, not an object", f"for example {_EXAMPLE}")
    start, end, label = entity.get("start"), entity.get("end"), entity.get("label")
    # bool is an int to Python, and true is no offset.
    if type(start) is not int or type(end) is not int:
        raise at.wrong(
            f"has an entity from {start!r:.40} to {end!r:.40}",
            "start and end are whole numbers, counted in code points",
        )
    if not isinstance(label, str) or not label:
        raise at.wrong(
            f"has an entity [{start!r:.40}, {end!r:.40}) with the label {label!r:.80}",
            "a label is a string that is not empty",
        )
    if not 0 <= start < end <= len(text):
        raise at.wrong(
            f"has the entity [{start!r:.40}, {end!r:.40}) {label!r:.80}, outside or empty in a text of {len(text)} "
            "code points",
            "count code points from 0, not bytes or UTF-16 units; end is exclusive",
        )
    return Span(start, end, label)


def document_json(document: Document) -> dict[str, Any]:
    """Give the native JSON of a document, from which `parse_document` makes an equal one."""
    data: dict[str, Any] = {"id": document.id, "text": document.text}
    if document.entities is not None:
        data["entities"] = [{"start": s.start, "end": s.end, "label": s.label} for s in document.entities]
    if document.values is not None:
        data["values"] = {label: list(strings) for label, strings in document.values.items()}
    if document.seconds is not None:
        data["seconds"] = document.seconds
    data["meta"] = dict(document.meta)
    return data


def dump_json(data: Any, what: str, file: Path) -> str:
    """Write JSON on one line, characters as themselves. Raises InputError on what JSON cannot hold."""
    try:
        return json.dumps(data, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(
            f"{what} cannot be written as JSON: {error}", file=file, remedy="keep strings, numbers and lists in `meta`"
        ) from error


def _parse_values(value: Any, at: Place) -> dict[str, tuple[str, ...]] | None:
    if value is None:
        return None
    if isinstance(value, dict) and all(
        isinstance(label, str) and isinstance(strings, list) and all(isinstance(s, str) for s in strings)
        for label, strings in value.items()
    ):
        return {label: tuple(strings) for label, strings in value.items()}
    raise at.wrong(f"has the `values` {value!r:.80}", 'label to list of strings, for example {"formula": ["TiO2"]}')


def _parse_seconds(value: Any, at: Place) -> float | None:
    if value is None:
        return None
    # bool is an int to Python; a number like 1e999 is infinite, and a whole number can be too large for a float.
    if type(value) not in {int, float} or not 0 < value < sys.float_info.max:
        raise at.wrong(
            f"has the `seconds` {value!r:.80}", "the time spent on the text: a finite number above 0, or no such key"
        )
    return float(value)


def _kind(value: Any) -> str:
    names = {dict: "object", list: "list", str: "string", bool: "boolean", int: "number", float: "number"}
    return names.get(type(value), "null")
