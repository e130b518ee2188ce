"""An older store brought up to date: copied first, and nobody writes to it between the copy and the new schema."""

import itertools
import warnings
from pathlib import Path

from sqlalchemy import Connection, text

from allabel.store.copying import clear_unfinished, copy_file, copy_server, whole_file
from allabel.store.database import Database
from allabel.store.revisions import HEAD, migrate

# What the copy of a server's database is named after: it is a project's database like any other.
DATABASE = "project.db"


def bring_up_to_date(database: Database, copies: Path | None) -> None:
    """Copy a store to `NAME.backup-REVISION`, then migrate it; where the copy fails nothing is changed.

    copies: the folder for the copy of a server's database; without one a warning says how to make a copy. A file's copy
    is made beside it. Raises StoreError where the disk refuses the copy.
    """
    with database.write() as connection:
        # Looked at anew: another program may have been first.
        revision = str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "base")
        if revision == HEAD:
            return
        # Of a server, "base" is an empty database.
        path = database.location.path or (copies / DATABASE if copies and revision != "base" else None)
        if path is not None:
            _copy(database, connection, revision, path)
        else:
            _tell_to_copy(database, revision)
        migrate(database)


def _copy(database: Database, connection: Connection, revision: str, path: Path) -> None:
    """Copy a store beside `path`, never over an earlier copy."""
    clear_unfinished(path)
    names = itertools.chain([""], (f"-{n}" for n in itertools.count(2)))
    copy = next(c for c in (Path(f"{path}.backup-{revision}{n}") for n in names) if not c.exists())
    with whole_file(copy, hidden_as=path.name) as new:
        if database.location.path is not None:
            copy_file(database.location.path, new)
        else:
            copy_server(connection, new, revision)
    if database.location.path is None:
        warnings.warn(
            f"{database.location.name} is brought from schema {revision} to {HEAD}; as it was before it is kept in "
            f"{copy}: docs/how-to/backup.md",
            stacklevel=6,
        )


def _tell_to_copy(database: Database, revision: str) -> None:
    name = database.location.url.database
    warnings.warn(
        f"{database.location.name} is brought from schema {revision} to {HEAD}, all or nothing; no folder was named to "
        f"keep a copy of it in: make one with pg_dump --format=custom --file={name}.backup {name} before each upgrade "
        "of allabel",
        stacklevel=6,
    )
