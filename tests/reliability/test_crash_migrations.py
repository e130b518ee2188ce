"""A store of each older schema, and the program killed while it brings it up to date: the old one, or the new one."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from crash_grounds import Ground
from crash_start import Starter, starter_of
from crash_state import state_of
from crash_trials import Tally, Trials, share
from sqlalchemy import MetaData, Table, insert, text
from with_stores import DATABASES

from allabel.config import load
from allabel.project import DATABASE, LABELS
from allabel.schema import LabelSchema
from allabel.store.database import Database
from allabel.store.location import Location
from allabel.store.revisions import HEAD, REVISIONS, migrate

OLDER = [revision for revision in REVISIONS if revision not in {"base", HEAD}]
N_TEXTS, N_ANNOTATED = 2000, 800
AT = datetime(2026, 1, 1, tzinfo=UTC)
PART = 0.012


def database_of(folder: Path) -> Database:
    return Database(Location.of(load(folder).database or folder / DATABASE))


class Older:
    """Makes a project whose store has an older schema, with texts, answers and picks in it."""

    def __init__(self, revision: str) -> None:
        self.revision = revision

    def __call__(self, folder: Path) -> None:
        (folder / LABELS).write_text(LabelSchema.of(["Salt"]).to_toml(), encoding="utf-8")
        database = database_of(folder)
        if database.location.path is not None:
            database.location.path.touch()
        with database.write() as connection:
            migrate(database, self.revision)
            for name, rows in self._rows().items():
                connection.execute(insert(Table(name, MetaData(), autoload_with=connection)), rows)
        database.close()

    def _rows(self) -> dict[str, list[dict]]:
        ids = [f"{n:05}" for n in range(N_TEXTS)]
        salt = [{"start": 0, "end": 4, "label": "Salt"}]
        pick = {"selection_id": 1, "stage": "uniform", "score": 0.0, "reason": ""}
        return {
            "documents": [{"id": id, "text": f"NaCl {id}", "meta": {}} for id in ids],
            "annotations": [
                {"doc_id": id, "entities": salt, "author": "ada", "source": "app", "at": AT} for id in ids[:N_ANNOTATED]
            ],
            "selections": [{"strategy": "u", "budget": "2000", "n_texts": N_TEXTS, "seed": 0, "at": AT}],
            "picks": [pick | {"doc_id": id, "rank": n} for n, id in enumerate(ids)],
        }

    def half(self, folder: Path) -> list[str]:
        """Say what is neither the old store nor the new one, and which copy is not whole; nothing is migrated."""
        database = database_of(folder)
        with database.read() as connection:
            revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
            n = connection.execute(text("SELECT count(*) FROM annotations")).scalar()
        database.close()
        found = [] if revision in {self.revision, HEAD} and n == N_ANNOTATED else [f"{revision} with {n} answers"]
        for copy in folder.glob(f"{DATABASE}.backup-{self.revision}*"):
            with closing(sqlite3.connect(f"file:{copy}?mode=ro&immutable=1", uri=True)) as kept:
                whole = kept.execute("PRAGMA integrity_check").fetchone() == ("ok",)
                (n,) = kept.execute("SELECT count(*) FROM annotations").fetchone()
            if not whole or n != N_ANNOTATED:
                found.append(f"the copy {copy.name} has {n} answers")
        return found


@pytest.fixture
def starter(pytestconfig: pytest.Config) -> Starter:
    return starter_of(pytestconfig)


@pytest.mark.slow
@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("revision", OLDER)
def test_a_store_that_was_killed_on_its_way_up_is_old_or_new_and_goes_on(
    revision: str, database: str, starter: Starter, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    tally, older = Tally(f"migrate from {revision}", database), Older(revision)
    with Ground(database, pytestconfig, tmp_path, older) as ground:
        trials = Trials(tally, starter, ground, lambda folder: ["-p", str(folder), "status"], state_of, older.half)
        trials.run(share(PART))
    assert tally.wrong == []
