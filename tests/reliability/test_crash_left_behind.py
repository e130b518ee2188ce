"""What a killed program leaves behind is taken up by the next one, and what it had finished is not done twice."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest
from served import CORPUS

from allabel.document import Annotation, Span
from allabel.errors import StoreError
from allabel.formats.base import Record
from allabel.formats.registry import read_documents
from allabel.project import Project
from allabel.schema import LabelSchema
from allabel.store import Store

SCHEMA = LabelSchema.read(CORPUS / "labels.toml")
FILE = Path("mine.jsonl")


@pytest.fixture
def records() -> list[Record]:
    return list(islice(read_documents(CORPUS / "pool.jsonl"), 5))


def leave_nothing(path: Path) -> None:
    path.touch()


def leave_a_header(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")


@pytest.mark.parametrize("leave", [leave_nothing, leave_a_header])
def test_a_database_that_init_was_killed_over_is_filled_by_the_next_init(tmp_path: Path, leave) -> None:
    leave(tmp_path / "project.db")
    with Project.create(tmp_path, SCHEMA) as project:
        assert project.store.check() == []
        assert project.counts().documents == 0


def test_the_database_of_another_program_is_still_refused_by_init(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "project.db")) as connection:
        connection.execute("CREATE TABLE molecules (smiles TEXT)")
    before = (tmp_path / "project.db").read_bytes()
    with pytest.raises(StoreError, match="holds no allabel project"):
        Project.create(tmp_path, SCHEMA)
    with pytest.raises(StoreError, match="a database already"):
        Store.create(tmp_path / "project.db")
    assert (tmp_path / "project.db").read_bytes() == before


def test_an_emptied_database_with_a_log_beside_it_is_not_filled(tmp_path: Path) -> None:
    (tmp_path / "project.db").touch()
    (tmp_path / "project.db-wal").write_bytes(b"what somebody wrote")
    with pytest.raises(StoreError, match="is empty, so not a database"):
        Project.create(tmp_path, SCHEMA)
    assert (tmp_path / "project.db-wal").read_bytes() == b"what somebody wrote"


def test_annotations_that_are_imported_again_are_not_kept_twice(tmp_path: Path, records: list[Record]) -> None:
    with Project.create(tmp_path, SCHEMA) as project:
        for _ in range(2):
            assert project.import_records(records, FILE, "annotations").answers == len(records)
        assert len(project.store.answers()) == len(records)
        # Another answer in the file is another answer.
        changed = replace(records[0], document=replace(records[0].document, entities=()))
        project.import_records([changed, *records[1:]], FILE, "annotations")
        assert len(project.store.answers()) == len(records) + 1
        assert project.store.annotations()[records[0].document.id].entities == ()


def test_an_import_stands_again_where_somebody_changed_the_answer_meanwhile(
    tmp_path: Path, records: list[Record]
) -> None:
    first = records[0].document
    with Project.create(tmp_path, SCHEMA) as project:
        project.import_records(records, FILE, "annotations")
        project.store.add_annotations([Annotation(first.id, (Span(0, 1, "Reagent"),), "ada", "app", datetime.now(UTC))])
        project.import_records(records, FILE, "annotations")
        assert [one.author for one in project.store.history(first.id)] == ["import", "ada", "import"]
