"""Making, opening and migrating a store's database: what is not ours is refused before anything is touched."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from allabel.errors import StoreError
from allabel.store.database import Database
from allabel.store.faults import RESTORE, store_errors
from allabel.store.location import Location
from allabel.store.revisions import HEAD, REVISIONS, migrate
from allabel.store.soundness import check_sound
from allabel.store.tables import metadata
from allabel.store.upgrading import bring_up_to_date
from allabel.store.wal import keep_what_is_not_read

_INIT = "make a project first: allabel init DIR --labels labels.toml"


def create(location: Location, busy_timeout_s: float, fill: Callable[[Connection], None] = lambda _: None) -> Database:
    """Make a new database, empty but for what `fill` puts in, or none. Raises StoreError when there is one already.

    What a program left that was killed while making one is no database: it is filled.
    """
    made = location.path is not None and _claim(location.path)
    database = Database(location, busy_timeout_s)
    try:
        # Looked at under the writer's lock: of two programs creating the same store one is refused.
        with database.write() as connection:
            _check_free(database)
            migrate(database)
            fill(connection)
    except BaseException:
        database.close()
        # Of two programs that fill the same blank file the refused one must not take the other's.
        if made and location.path is not None and _is_blank(location.path):
            for leftover in ("", "-wal", "-shm"):
                Path(f"{location.path}{leftover}").unlink(missing_ok=True)
        raise
    return database


def open_existing(location: Location, busy_timeout_s: float, copies: Path | None) -> Database:
    """Open a database, migrating an older one after a copy. Raises StoreError where that cannot be.

    copies: the folder for the copy of a server's database; a file's is made beside it.
    """
    if location.path is not None:
        revision = _file_revision(location.path)
        _check_known(revision, location)
        check_sound(location.path)
        location.check_writable()
        keep_what_is_not_read(location.path, busy_timeout_s)
        database = Database(location, busy_timeout_s)
    else:
        database = Database(location, busy_timeout_s)
        try:
            revision = _server_revision(database) or ""
            _check_known(revision, location)
        except StoreError:
            database.close()
            raise
    try:
        if revision != HEAD:
            bring_up_to_date(database, copies)
        with database.read() as connection:  # a file that opens but cannot be read is found here, not later
            connection.execute(text("SELECT version_num FROM alembic_version"))
    except BaseException:
        database.close()
        raise
    return database


def exists(location: Location) -> bool:
    """Tell whether there is a database that somebody made; whether it is a sound store is seen on opening it."""
    if location.path is not None:
        return location.path.exists() and not _is_blank(location.path)
    database = Database(location)
    try:
        return _server_revision(database) is not None
    finally:
        database.close()


def _check_free(database: Database) -> None:
    name = database.location.name
    with database.read() as connection:
        names = set(inspect(connection).get_table_names())
    if "alembic_version" in names:
        raise _exists(name)
    if taken := sorted(names & set(metadata.tables)):
        raise StoreError(
            f"the database holds tables of another program, {taken[0]!r} among them",
            file=name,
            remedy="make one for this project alone (createdb NAME), and name that",
        )


def _claim(path: Path) -> bool:
    """Make the empty file and return True; False where there is a blank one. Raises StoreError for any other file."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except FileExistsError:
        if _is_blank(path):
            return False
        raise _exists(str(path)) from None
    except OSError as error:
        raise StoreError(
            f"the database cannot be made here: {error.strerror}",
            file=path,
            remedy="name a folder that exists and that you may write to",
        ) from error
    return True


def _is_blank(path: Path) -> bool:
    """Tell whether a file is empty, or an SQLite database without a table: what a killed `create` leaves."""
    try:
        if not path.is_file():
            return False
        if path.stat().st_size == 0:
            # What is in a log beside it was somebody's.
            wal = Path(f"{path}-wal")
            return not (wal.exists() and wal.stat().st_size)
        with store_errors(str(path)), closing(_to_look_at(path)) as connection:
            return connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None
    except (OSError, StoreError):
        return False


def _exists(name: str) -> StoreError:
    return StoreError("there is a database already", file=name, remedy="use it, or name another folder for the new one")


def _check_known(revision: str, location: Location) -> None:
    if not revision:
        raise StoreError("holds no allabel project", file=location.name, remedy=_INIT)
    if revision not in REVISIONS:
        raise StoreError(
            f"was made by a newer allabel (schema {revision}, this one knows {HEAD})",
            file=location.name,
            remedy="upgrade allabel",
        )


def _file_revision(path: Path) -> str:
    """Read the schema's revision of a SQLite file without changing a byte of it; "" where it is not a store's."""
    try:
        size = path.stat().st_size if path.is_file() else None
    except OSError as error:
        raise StoreError(f"cannot be opened: {error.strerror}", file=path, remedy="check its permissions") from error
    if size is None:
        raise StoreError("there is no database here", file=path, remedy=_INIT)
    if size == 0:
        raise StoreError("is empty, so not a database", file=path, remedy=_INIT)
    with store_errors(str(path)), closing(_to_look_at(path)) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "alembic_version" not in names:
            return ""
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return _revision(names, None if row is None else str(row[0]))


def _to_look_at(path: Path) -> sqlite3.Connection:
    """Open a file so that not a byte of it changes. Raises StoreError where it was cut short."""
    wal = Path(f"{path}-wal")
    # Reading a WAL database makes -wal and -shm files, except where it is promised not to change meanwhile.
    mode = "mode=ro" if wal.exists() and wal.stat().st_size else "mode=ro&immutable=1"
    connection = sqlite3.connect(f"{path.as_uri()}?{mode}", uri=True)
    if "immutable" in mode:
        try:
            _check_whole(path, connection)
        except BaseException:
            connection.close()
            raise
    return connection


def _check_whole(path: Path, connection: sqlite3.Connection) -> None:
    # SQLite misses whole pages by itself; a last page that was cut it fills with zeros and says nothing.
    (n_pages,) = connection.execute("PRAGMA page_count").fetchone()
    (page_size,) = connection.execute("PRAGMA page_size").fetchone()
    if path.stat().st_size < n_pages * page_size:
        raise StoreError("the database was cut short", file=path, remedy=RESTORE)


def _server_revision(database: Database) -> str | None:
    """The revision of a server's database; None where it holds no tables of Alembic."""
    with database.read() as connection:
        names = set(inspect(connection).get_table_names())
        if "alembic_version" not in names:
            return None
        row = connection.execute(text("SELECT version_num FROM alembic_version")).first()
    return _revision(names, None if row is None else str(row[0]))


def _revision(names: set[str], stamped: str | None) -> str:
    if stamped is None:
        return "base" if names == {"alembic_version"} else ""
    # Other programs use Alembic too.
    return stamped if {"documents", "annotations"} <= names else ""
