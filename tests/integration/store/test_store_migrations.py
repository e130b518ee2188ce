"""The migrations and the tables say the same, and ship with the package."""

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from allabel.store import Store
from allabel.store.opening import HEAD, MIGRATIONS, REVISIONS
from allabel.store.tables import metadata


def test_the_migrated_schema_is_the_one_the_tables_describe(store: Store) -> None:
    with store._database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_known_revisions_are_the_ones_there_are() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    oldest_first = [script.revision for script in scripts.walk_revisions()][::-1]
    assert ["base", *oldest_first] == list(REVISIONS)
    assert scripts.get_current_head() == HEAD


def test_the_migrations_lie_inside_the_package() -> None:
    assert {p.name for p in MIGRATIONS.iterdir()} >= {"env.py", "script.py.mako", "versions"}
    assert MIGRATIONS.parent == Path(__import__("allabel.store", fromlist=["x"]).__file__).parent
