"""The revisions of the schema, and how a database is brought from one to a later one."""

from pathlib import Path

from allabel.store.database import Database

# Oldest first; `base` is a database that Alembic knows and nothing has been put into yet.
REVISIONS = ("base", "0001", "0002", "0003", "0004", "0005", "0006")
HEAD = REVISIONS[-1]
MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(database: Database, revision: str = HEAD) -> None:
    """Bring the schema to a revision in one transaction."""
    # Imported here: Alembic costs 0.2 s, and most runs find the schema current.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
