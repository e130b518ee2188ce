"""One state of a store in another database: the same rows under the same numbers, whatever the two databases are."""

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Connection, Integer, Table, Text, cast, column, func, insert, inspect, select, table
from sqlalchemy.types import UserDefinedType

from allabel.errors import StoreError
from allabel.store.database import Database
from allabel.store.faults import RESTORE, store_errors
from allabel.store.location import Location
from allabel.store.revisions import HEAD, migrate
from allabel.store.tables import metadata

# Rows that are in memory at once.
BLOCK = 500
# Whoever was signed in when a copy was made is not signed in by it.
LEFT_OUT = ("sessions",)
_UNFINISHED = ".unfinished"


class _Raw(UserDefinedType[str]):
    """JSON as the very text it is kept as: it is neither read nor written anew."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "JSON"


def copy_rows(source: Connection, target: Connection) -> dict[str, int]:
    """Copy every table of `source` into the empty tables of `target`; returns how many rows each has.

    Both have the same schema, which may be older than the newest. `source` is to see one state all along. Raises
    StoreError where the two do not have the same tables and columns.
    """
    n_rows: dict[str, int] = {}
    here, there = inspect(source), inspect(target)
    names = set(here.get_table_names())
    for kept in metadata.sorted_tables:
        if kept.name not in names:
            continue
        columns = [one["name"] for one in here.get_columns(kept.name)]
        if {*columns} != {one["name"] for one in there.get_columns(kept.name)} or {*columns} - {*kept.c.keys()}:
            raise StoreError(f"the table {kept.name!r} has other columns than it should", remedy=RESTORE)
        n_rows[kept.name] = _copy_table(kept, columns, source, target)
    return n_rows


def _copy_table(kept: Table, names: list[str], source: Connection, target: Connection) -> int:
    raw = {name: isinstance(kept.c[name].type, JSON) for name in names}
    read = [(cast(kept.c[name], Text) if raw[name] else kept.c[name]).label(name) for name in names]
    write = table(kept.name, *(column(name, _Raw() if raw[name] else kept.c[name].type) for name in names))
    query = select(*read).order_by(*kept.primary_key.columns).execution_options(yield_per=BLOCK)
    n = 0
    for block in source.execute(query).mappings().partitions():
        target.execute(insert(write), [dict(row) for row in block])
        n += len(block)
    if n and target.dialect.name == "postgresql":
        _go_on_counting(kept, target)
    return n


def _go_on_counting(kept: Table, target: Connection) -> None:
    """Have the next row numbered after the last one that was copied."""
    key = kept.autoincrement_column
    if key is None or not isinstance(key.type, Integer):
        return
    sequence = func.pg_get_serial_sequence(kept.name, key.name)
    if target.execute(select(sequence)).scalar_one() is not None:
        target.execute(select(func.setval(sequence, select(func.max(key)).scalar_subquery())))


def snapshot(database: Database, path: Path) -> dict[str, int]:
    """Write one state of a store of the newest schema to a new SQLite file; returns how many rows each table has.

    Writers go on meanwhile. Raises StoreError, leaving no file, where the disk refuses or the database is damaged.
    """
    with whole_file(path) as new:
        if database.location.path is not None:
            copy_file(database.location.path, new)
        else:
            with database.read() as connection:
                copy_server(connection, new, HEAD)
        return _settled(new)


def copy_file(source: Path, target: Path) -> None:
    """Copy one state of an SQLite file, while others may write to it. Raises StoreError where it is damaged."""
    with store_errors(str(source)), closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        # All pages in one step: one transaction of a reader, which no writer can make begin again.
        old.backup(new)
        problem = new.execute("PRAGMA quick_check(1)").fetchone()[0]
    if problem != "ok":
        raise StoreError(
            f"the database is damaged, and a copy of it would be too: {problem}", file=source, remedy=RESTORE
        )


def copy_server(source: Connection, target: Path, revision: str) -> None:
    """Copy what a server's connection sees into a new SQLite file with the schema of a revision."""
    with closing(Database(Location.of(target))) as new, new.write() as connection:
        migrate(new, revision)
        copy_rows(source, connection)


@contextmanager
def whole_file(path: Path, hidden_as: str = "") -> Iterator[Path]:
    """Give a name beside `path` to write a database to, which becomes `path` at the end; on failure neither is left.

    hidden_as: what that name says, where it is not the name of `path`. Raises StoreError where the disk refuses.
    """
    new = path.with_name(f".{hidden_as or path.name}-{secrets.token_hex(4)}{_UNFINISHED}")
    try:
        with store_errors(str(path)):
            yield new
        with new.open("rb+") as file:
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        raise StoreError(
            f"the copy cannot be written: {error.strerror}",
            file=path,
            remedy="make room, or let the folder be written to, then run this again",
        ) from error
    finally:
        for left in ("", "-wal", "-shm", "-journal"):
            Path(f"{new}{left}").unlink(missing_ok=True)


def clear_unfinished(path: Path) -> None:
    """Remove what copies that were killed left beside `path`; nobody may be at work on one."""
    for left in path.parent.glob(f".{path.name}-*{_UNFINISHED}*"):
        left.unlink(missing_ok=True)


def _settled(path: Path) -> dict[str, int]:
    """Leave one file and no log beside it, without sign-ins; returns how many rows each table has."""
    with store_errors(str(path)), closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA secure_delete = ON")
        for name in LEFT_OUT:
            connection.execute(f"DELETE FROM {name}")  # noqa: S608  a name of ours  # nosec B608
        connection.commit()
        connection.execute("PRAGMA journal_mode = DELETE")
        count = "SELECT count(*) FROM "
        names = [kept.name for kept in metadata.sorted_tables]
        return {name: connection.execute(f'{count}"{name}"').fetchone()[0] for name in names}
