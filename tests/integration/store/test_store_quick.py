"""The stores that tests are given quickly are those that the migrations make."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from allabel.store import Store, opening, revisions


def test_a_store_made_quickly_is_one_that_was_migrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick, migrated = tmp_path / "quick.db", tmp_path / "migrated.db"
    for path in (tmp_path / "first.db", quick):
        Store.create(path).close()
    assert opening.migrate is not revisions.migrate
    monkeypatch.setattr(opening, "migrate", revisions.migrate)
    Store.create(migrated).close()
    assert held(quick) == held(migrated)


def held(path: Path) -> list[object]:
    """Everything in a file: tables, indexes and triggers as they are written, and all rows."""
    with closing(sqlite3.connect(path)) as connection:
        schema = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY 1, 2").fetchall()
        tables = [name for kind, name, *_ in schema if kind == "table"]
        return [schema, *(connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in tables)]
