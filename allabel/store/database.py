"""The engine and its transactions: one writer at a time, readers that see one state, commits that last."""

import json
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import NoSuchModuleError

from allabel.errors import StoreError
from allabel.store.faults import row_errors, store_errors
from allabel.store.location import Location
from allabel.store.turns import turn

BUSY_TIMEOUT_S = 10.0
# Seconds until a server that does not answer counts as away.
CONNECT_TIMEOUT_S = 10
# Any number will do, as long as every writer takes the same.
WRITER_LOCK = 0x616C6C6162656C


class Database:
    """An engine with two kinds of transaction: `read` sees one snapshot, `write` commits all or nothing."""

    def __init__(self, location: Location, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self.location, self._busy_timeout_s = location, busy_timeout_s
        self._engine = _engine(location, busy_timeout_s)
        self._here = threading.local()  # a transaction belongs to the thread that began it
        # A server's writer waits for its lock inside the transaction, and has to see what was committed meanwhile.
        server = location.path is None
        self._writes: dict[str, Any] = {"isolation_level": "READ COMMITTED"} if server else {"allabel_writes": True}

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
                with self._engine.connect() as connection, row_errors(self.location.name):
                    yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Yield a connection whose changes commit at the end, or not at all; inside another, a savepoint of it."""
        with store_errors(self.location.name):
            if self._current is not None:
                with self._current.begin_nested():
                    yield self._current
                return
            with ExitStack() as begun:
                # Those who wait for their turn hold no connection that others could read with.
                with self._turn():
                    plain = begun.enter_context(self._engine.connect())
                    connection = plain.execution_options(**self._writes)
                    begun.enter_context(connection.begin())
                if self.location.path is None:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITER_LOCK})
                self._here.connection = connection
                try:
                    yield connection
                finally:
                    self._here.connection = None

    def _turn(self) -> AbstractContextManager[None]:
        path = self.location.path
        # A server has a line of its own for those who wait for a lock.
        return nullcontext() if path is None else turn(path.parent, self._busy_timeout_s)

    def close(self) -> None:
        """Close every connection; an SQLite store then folds its -wal file into the database."""
        self._engine.dispose()


def _engine(location: Location, busy_timeout_s: float) -> Engine:
    # What stands in a text does not stand in an error: parameters are hidden.
    if location.path is not None:
        engine = create_engine(location.url, connect_args={"timeout": busy_timeout_s}, hide_parameters=True)
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)
        return engine
    if location.url.get_backend_name() != "postgresql":
        raise StoreError(
            f"no driver for {location.url.drivername}: a store is an SQLite file or a PostgreSQL database",
            file=location.name,
            remedy="write it as postgresql+psycopg://user@host/name",
        )
    patience = {} if "connect_timeout" in location.url.query else {"connect_timeout": CONNECT_TIMEOUT_S}
    try:
        # A connection that the server dropped meanwhile is found before it is used, and replaced.
        engine = create_engine(
            location.url,
            isolation_level="REPEATABLE READ",
            pool_pre_ping=True,
            connect_args=patience,
            json_serializer=_to_json,
            hide_parameters=True,
        )
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise StoreError(
            f"no driver for {location.url.drivername}: {error}",
            file=location.name,
            remedy="install it beside allabel: pip install 'allabel[postgres]'",
        ) from error
    event.listen(engine, "connect", partial(_set_session, busy_timeout_s))
    return engine


def _set_pragmas(connection: Any, _record: Any) -> None:
    # SQLAlchemy's recipe: the driver begins nothing by itself, `_begin` below does, so DDL and SELECT are covered too.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL syncs the log at every commit: a confirmed annotation survives a power cut.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _to_json(value: Any) -> str:
    # The driver would let these errors pass as they are, without a word of what was to be stored.
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise StoreError(f"a value cannot be stored: {error}", remedy="keep `meta` to what JSON can hold") from error


def _set_session(busy_timeout_s: float, connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {round(busy_timeout_s * 1000)}")
        # As FULL above: what was confirmed is on the server's disk.
        cursor.execute("SET synchronous_commit = on")
    connection.commit()


def _begin(connection: Connection) -> None:
    # A writer takes its lock at once: a reader that turns writer later fails without waiting when another was first.
    writes = connection.get_execution_options().get("allabel_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
