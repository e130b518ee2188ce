"""The migrations and the tables say the same, and ship with the package."""

import hashlib
import warnings
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from postgres import PostgresServer
from sqlalchemy import text

from allabel.document import DocId
from allabel.errors import StoreError
from allabel.store import Store
from allabel.store.database import Database
from allabel.store.location import Location
from allabel.store.revisions import HEAD, MIGRATIONS, REVISIONS
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


def make_0003(place: str) -> None:
    """Make a store as the schema 0003 was, with texts that are picked and annotated."""
    location = Location.of(place)
    if location.path is not None:
        location.path.touch()
    database = Database(location)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        for statement in (
            "INSERT INTO documents (id, text, meta) VALUES ('a', 'NaCl', '{}'), ('b', 'KBr', '{}')",
            "INSERT INTO annotations (doc_id, entities, author, source, at, seconds) VALUES "
            "('a', '[]', 'ada', 'app', '2026-01-01 00:00:00+00', 2.5), "
            "('a', '[]', 'gold', 'simulated', '2026-01-02 00:00:00+00', NULL)",
            "INSERT INTO selections (strategy, budget, n_texts, seed, at) VALUES "
            "('u', '2', 2, 0, '2026-01-01 00:00:00')",
            "INSERT INTO picks VALUES (1, 'a', 'u', 1, 0, ''), (1, 'b', 'u', 2, 0, '')",
        ):
            connection.execute(text(statement.replace("+00'", "'") if location.path else statement))
    database.close()


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_store_of_0003_keeps_its_answers_and_takes_new_ones(
    database: str, path: Path, request: pytest.FixtureRequest
) -> None:
    if database == "sqlite":
        check_a_store_of_0003(str(path))
        assert path.with_name("project.db.backup-0003").exists()
        return
    server: PostgresServer = request.getfixturevalue("server")
    with server.database() as name:
        check_a_store_of_0003(server.url(name))


def check_a_store_of_0003(place: str) -> None:
    make_0003(place)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        store = Store.open(place)
    assert [one.category for one in told] == ([] if "://" not in place else [UserWarning])
    with store:
        old = store.answers()
        assert [(a.seq, a.author, a.seconds) for a in old] == [(1, "ada", 2.5), (2, "gold", None)]
        assert {(a.based_on, a.save_id, a.suggested, a.blind) for a in old} == {(None, "", None, False)}
        assert [pick.doc_id for pick in store.queue()] == ["b"]
        store.add_annotations(old)
        assert len(store.history(DocId("a"))) == 4
        with store.reads() as connection:
            rows = connection.execute(text("SELECT doc_id, draw FROM picks")).all()
        for id, draw in rows:
            assert draw == int.from_bytes(hashlib.sha256(f"double\0{id}".encode()).digest()[:6], "big") / 2**48
        for table in ("annotations", "marks", "calls", "tagged"):
            with store.writes() as connection:
                connection.execute(
                    text(
                        {
                            "annotations": "SELECT 1",
                            "marks": "INSERT INTO marks (doc_id, kind, note, person, at) VALUES "
                            "('a', 'skip', '', 'ada', '2026-01-01 00:00:00')",
                            "calls": "INSERT INTO calls VALUES "
                            "(1, '2026-01-01 00:00:00', 'a', '', '', '', '', 1, 1, 1, 1)",
                            "tagged": "INSERT INTO tagged VALUES (1, 'a', '{}', '', '', '2026-01-01 00:00:00')",
                        }[table]
                    )
                )
            with pytest.raises(StoreError, match="append-only"), store.writes() as connection:
                connection.execute(text(f"DELETE FROM {table}"))
