"""Making, opening and migrating a store's database: what is not ours is refused before anything is touched."""

import itertools
import os
import sqlite3
import warnings
from contextlib import closing
from pathlib import Path

from sqlalchemy import inspect, text

from allabel.errors import StoreError
from allabel.store.database import Database
from allabel.store.faults import RESTORE, store_errors
from allabel.store.location import Location
from allabel.store.tables import metadata

# Oldest first; `base` is a database that Alembic knows and nothing has been put into yet.
REVISIONS = ("base", "0001", "0002", "0003", "0004", "0005", "0006")
HEAD = REVISIONS[-1]
MIGRATIONS = Path(__file__).parent / "migrations"
_INIT = "make a project first: allabel init DIR --labels labels.toml"


def create(location: Location, busy_timeout_s: float) -> Database:
    """Make a new, empty database. Raises StoreError when there is one already."""
    if location.path is not None:
        _claim(location.path)
    database = Database(location, busy_timeout_s)
    try:
        # Looked at under the writer's lock: of two programs creating the same store one is refused.
        with database.write():
            if location.path is None:
                _check_free(database)
            migrate(database)
    except BaseException:
        database.close()
        if location.path is not None:
            for leftover in ("", "-wal", "-shm"):
                Path(f"{location.path}{leftover}").unlink(missing_ok=True)
        raise
    return database


def open_existing(location: Location, busy_timeout_s: float) -> Database:
    """Open a database, migrating an older one after a backup. Raises StoreError where that cannot be."""
    if location.path is not None:
        revision = _file_revision(location.path)
        _check_known(revision, location)
        location.check_writable()
        if revision != HEAD:
            _back_up(location.path, revision)
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
            if location.path is None:
                _tell_to_back_up(location, revision)
            migrate(database)
        with database.read() as connection:  # a file that opens but cannot be read is found here, not later
            connection.execute(text("SELECT version_num FROM alembic_version"))
    except BaseException:
        database.close()
        raise
    return database


def migrate(database: Database) -> None:
    """Bring the schema to HEAD in one transaction."""
    # Imported here: Alembic costs 0.2 s, and most runs find the schema current.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def exists(location: Location) -> bool:
    """Tell whether there is a database that somebody made; whether it is a sound store is seen on opening it."""
    if location.path is not None:
        return location.path.exists()
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


def _tell_to_back_up(location: Location, revision: str) -> None:
    warnings.warn(
        f"{location.name} is brought from schema {revision} to {HEAD}, all or nothing; a server keeps no copy beside "
        f"it: make one with pg_dump --format=custom --file={location.url.database}.backup {location.url.database} "
        "before each upgrade of allabel",
        stacklevel=4,
    )


def _claim(path: Path) -> None:
    """Make the empty file, so that of two programs creating the same store one is refused."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except FileExistsError:
        raise _exists(str(path)) from None
    except OSError as error:
        raise StoreError(
            f"the database cannot be made here: {error.strerror}",
            file=path,
            remedy="name a folder that exists and that you may write to",
        ) from error


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
        raise StoreError("is empty, so not a database", file=path, remedy=f"delete it, then {_INIT}")
    wal = Path(f"{path}-wal")
    # Reading a WAL database makes -wal and -shm files, except where it is promised not to change meanwhile.
    mode = "mode=ro" if wal.exists() and wal.stat().st_size else "mode=ro&immutable=1"
    with (
        store_errors(str(path)),
        closing(sqlite3.connect(f"{path.as_uri()}?{mode}", uri=True)) as connection,
    ):
        if "immutable" in mode:
            _check_whole(path, connection)
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "alembic_version" not in names:
            return ""
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return _revision(names, None if row is None else str(row[0]))


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


def _back_up(path: Path, revision: str) -> Path:
    """Copy the SQLite file beside itself, never over an earlier copy."""
    names = itertools.chain([""], (f"-{n}" for n in itertools.count(2)))
    copy = next(c for c in (Path(f"{path}.backup-{revision}{n}") for n in names) if not c.exists())
    with (
        store_errors(str(copy)),
        closing(sqlite3.connect(path)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
    return copy
