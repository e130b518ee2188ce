"""Stores with rows in every table, and their rows as data: what two databases are compared by."""

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Boolean, Column, DateTime, Float, Integer, MetaData, Table, insert, inspect, select
from sqlalchemy.engine import Connection

from allabel.backing_up import back_up
from allabel.document import DocId, Document
from allabel.project import Project
from allabel.schema import LabelSchema
from allabel.store import Store
from allabel.store.tables import metadata

MOMENT = datetime(2026, 5, 3, 21, 0, 0, 123456, tzinfo=UTC)
TEXTS = ("NaCl in water", "Fe₂O₃ \U0001f9ea was heated to 900 °C", "a 'quoted' \"text\"\twith\nlines", " ")
SPANS = [{"start": 0, "end": 1, "label": "Chemical"}]
REPLY = {
    "status": "ok",
    "proposals": [],
    "perplexity": "inf",
    "demonstrations": [],
    "digests": [],
    "error": "",
    "raw": "{}",
    "n_prompt_tokens": 1,
    "n_output_tokens": 2,
    "form": "",
}
# Where any value will not do.
SPECIAL: dict[tuple[str, str], Any] = {
    ("gold", "entities"): SPANS,
    ("gold", "values"): None,
    ("annotations", "entities"): SPANS,
    ("tagged", "reply"): REPLY,
    ("people", "role"): "annotator",
    ("api_keys", "scopes"): ["tag"],
    ("documents", "meta"): {"é": [1, 2.5, None, {"deep": "\u2028"}], "large": 2**60},
}


def fill(connection: Connection, n: int = 3) -> None:
    """Put n rows into every table that there is, in the columns that there are."""
    here = inspect(connection)
    names = set(here.get_table_names())
    keys: dict[tuple[str, str], list[Any]] = {}
    for table in metadata.sorted_tables:
        if table.name not in names:
            continue
        there = {column["name"] for column in here.get_columns(table.name)}
        columns = [column for column in table.c if column.name in there]
        rows = [{column.name: value_of(table, column, i, keys) for column in columns} for i in range(n)]
        for column in columns:
            keys[table.name, column.name] = [row[column.name] for row in rows]
        # Of the columns there are: the newest table may have more, with defaults of its own.
        older = Table(table.name, MetaData(), *(Column(column.name, column.type) for column in columns))
        connection.execute(insert(older), rows)


def value_of(table: Table, column: Column[Any], i: int, keys: dict[tuple[str, str], list[Any]]) -> Any:
    for reference in column.foreign_keys:
        return keys[reference.column.table.name, reference.column.name][i]
    if (table.name, column.name) in SPECIAL:
        return SPECIAL[table.name, column.name]
    if (table.name, column.name) == ("documents", "text"):
        return TEXTS[i % len(TEXTS)]
    kind = column.type
    if isinstance(kind, JSON):
        return [{"n": i, "of": None}]
    if isinstance(kind, Boolean):
        return i % 2 == 0
    if isinstance(kind, Float):
        return 0.1 * (i + 1)
    if isinstance(kind, DateTime) or "DateTime" in type(kind).__name__:
        return MOMENT + timedelta(hours=i)
    # Numbers with gaps: nobody may count anew.
    return 7 * (i + 1) if isinstance(kind, Integer) else f"{column.name}-{i}"


def rows_of(place: str | Path, *, without: tuple[str, ...] = ("sessions",)) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table but those left out, by primary key."""
    with Store.open(place) as store, store.reads() as connection:
        tables = [table for table in metadata.sorted_tables if table.name not in without]
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]
            for table in tables
        }


def texts(n: int, *, first: int = 0) -> list[Document]:
    """Return n short texts that have an entity at their start."""
    metals = itertools.cycle(("Na", "K", "Rb", "Cs", "Ag", "Tl"))
    return [
        Document(DocId(f"t{i}"), f"{metal}Cl was weighed in step {i} .")
        for i, metal in zip(range(first, first + n), metals, strict=False)
    ]


def make_backup(folder: Path) -> Path:
    """Back up a project with rows in every table, made as `p` in this folder."""
    with Project.create(folder / "p", LabelSchema.parse("Chemical,Disease")) as made:
        with made.store.writes() as connection:
            fill(connection)
        back_up(made, folder / "b.zip")
    return folder / "b.zip"
