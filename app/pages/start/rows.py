"""Label schemas as rows of a table and back, with every problem of a row and not only the first."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from allabel.errors import InputError
from allabel.schema import Label, LabelSchema

COLUMNS = ("name", "definition", "colour", "key", "examples", "not_examples")
Row = Mapping[str, Any]
# No entities here, skip, every occurrence, all keys, accept.
EDITORS_OWN = "0-.? "


def rows_of(schema: LabelSchema) -> list[dict[str, Any]]:
    """Return a row a label, lists for its examples."""
    rows = [label.model_dump() for label in schema.labels]
    return [{**row, "examples": list(row["examples"]), "not_examples": list(row["not_examples"])} for row in rows]


def bare_rows(names: str) -> list[dict[str, Any]]:
    """Return the rows of labels by name, commas between; colour and key as they would be given."""
    distinct = dict.fromkeys(name.strip() for name in names.split(",") if name.strip())
    return rows_of(LabelSchema.of(distinct)) if distinct else []


def read_rows(rows: Sequence[Row], guidelines: str, *, overlap: bool) -> tuple[LabelSchema | None, list[str]]:
    """Make a schema of rows, those left blank passed over; returns it, or None and everything that is wrong."""
    labels: list[Label] = []
    problems: list[str] = []
    for n, row in enumerate(rows, start=1):
        cells = {name: _cell(name, row.get(name)) for name in COLUMNS}
        if not any(cells.values()):
            continue
        try:
            labels.append(Label.model_validate(cells))
        except ValidationError as error:
            problems += [f"row {n} ({cells['name'] or 'without a name'}): {_said(one)}" for one in error.errors()]
    if not labels and not problems:
        problems.append("a project needs one label at least")
    for what, seen in (("name", [x.name for x in labels]), ("key", [x.key for x in labels if x.key])):
        twice = sorted({x for x in seen if seen.count(x) > 1})
        problems += [f"the {what} {x!r} stands in {seen.count(x)} rows; it must be of one label only" for x in twice]
    problems += [
        f"the key {x.key!r} of {x.name!r} is one that the editor needs itself; take another, or leave it empty"
        for x in labels
        if x.key and x.key in EDITORS_OWN
    ]
    if problems:
        return None, problems
    return _filled(LabelSchema(labels=tuple(labels), guidelines=guidelines, overlap=overlap)), []


def _cell(name: str, value: Any) -> Any:
    if name in {"examples", "not_examples"}:
        # An empty cell comes as None or as a number that is none; a list is what was entered.
        return [str(x) for x in value if x is not None and str(x).strip()] if isinstance(value, list | tuple) else []
    text = value if isinstance(value, str) else ""
    return text if name == "key" else text.strip()


def _said(error: Any) -> str:
    where = str(error["loc"][0]) if error["loc"] else ""
    told = {
        ("name", "string_too_short"): "give it a name",
        ("colour", "string_pattern_mismatch"): f"the colour {error['input']!r} is not like #0072B2",
        ("key", "string_too_long"): f"the key {error['input']!r} is more than one character",
    }
    return told.get((where, error["type"]), str(error["msg"]).removeprefix("Value error, "))


def _filled(schema: LabelSchema) -> LabelSchema:
    """Give colours and keys to labels that have none, as reading the file does."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "labels.toml"
        path.write_text(schema.to_toml(), encoding="utf-8")
        try:
            return LabelSchema.read(path)
        except InputError as error:  # the same without the name of a file that nobody knows
            raise InputError(error.problem, remedy=error.remedy) from error
