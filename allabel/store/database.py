"""The engine and its transactions: WAL, foreign keys, full synchronisation, one writer at a time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import NoSuchModuleError

from allabel.errors import StoreError
from allabel.store.faults import store_errors
from allabel.store.location import Location

BUSY_TIMEOUT_S = 10.0
_WRITES = {"allabel_writes": True}


class Database:
    """An engine with two kinds of transaction: `read` sees one snapshot, `write` commits all or nothing."""

    def __init__(self, location: Location, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self.location = location
        self._engine = _engine(location, busy_timeout_s)
        self._here = threading.local()  # a transaction belongs to the thread that began it

    @property
    def _current(self) -> Connection | None:
        connection: Connection | None = getattr(self._here, "connection", None)
        return connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection that sees one state, or the write transaction this thread is in."""
        with store_errors(self.location.name):
            if self._current is not None:
                yield self._current
            else:
                with self._engine.connect() as connection:
                    yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Yield a connection whose changes commit at the end, or not at all; inside another, a savepoint of it."""
        with store_errors(self.location.name):
            if self._current is not None:
                with self._current.begin_nested():
                    yield self._current
                return
            with self._engine.connect() as plain:
                connection = plain.execution_options(**_WRITES)
                with connection.begin():
                    self._here.connection = connection
                    try:
                        yield connection
                    finally:
                        self._here.connection = None

    def close(self) -> None:
        """Close every connection; SQLite then folds its -wal file into the database."""
        self._engine.dispose()


def _engine(location: Location, busy_timeout_s: float) -> Engine:
    if location.path is not None:
        engine = create_engine(location.url, connect_args={"timeout": busy_timeout_s})
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)
        return engine
    try:
        return create_engine(location.url)
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise StoreError(
            f"no driver for {location.url.drivername}: {error}",
            file=location.name,
            remedy="install it beside allabel, for example: pip install 'psycopg[binary]'",
        ) from error


def _set_pragmas(connection: Any, _record: Any) -> None:
    # SQLAlchemy's recipe: the driver begins nothing by itself, `_begin` below does, so DDL and SELECT are covered too.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL syncs the log at every commit: a confirmed annotation survives a power cut.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin(connection: Connection) -> None:
    # A writer takes its lock at once: a reader that turns writer later fails without waiting when another was first.
    writes = connection.get_execution_options().get("allabel_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
