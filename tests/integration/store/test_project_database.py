"""A project's store is where the setting `database` says; a password never stands in the file."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres import PostgresServer

from allabel import config
from allabel.document import DocId, Document
from allabel.errors import InputError, StoreError
from allabel.project import Project
from allabel.schema import LabelSchema

SCHEMA = LabelSchema.of(["Salt"])


@pytest.fixture
def url(server: PostgresServer) -> Iterator[str]:
    with server.database() as name:
        yield server.url(name)


def test_a_project_keeps_its_texts_where_the_variable_says(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLABEL_DATABASE", url)
    with Project.create(tmp_path / "p", SCHEMA) as project:
        project.store.add_documents([Document(DocId("a"), "NaCl")])
    assert [path.name for path in (tmp_path / "p").iterdir()] == ["labels.toml"]
    with Project.open(tmp_path / "p") as project:
        assert project.counts().documents == 1
        assert project.store.check() == []
    with pytest.raises(StoreError, match=r"the database holds documents, and labels\.toml is missing"):
        Project.create(tmp_path / "other", SCHEMA)


def test_a_project_keeps_its_texts_where_its_file_says(tmp_path: Path, url: str) -> None:
    (tmp_path / "allabel.toml").write_text(f'database = "{url}"\n')
    Project.create(tmp_path, SCHEMA).close()
    with Project.open(tmp_path) as project:
        assert project.store.count() == 0
    assert not (tmp_path / "project.db").exists()


@pytest.mark.parametrize(
    "url", ["postgresql://ada:s3cret@host/x", "postgresql+psycopg://host/x?user=ada&password=s3cret"]
)
def test_a_password_in_the_file_is_refused_and_not_shown(tmp_path: Path, url: str) -> None:
    (tmp_path / "allabel.toml").write_text(f'database = "{url}"\n')
    with pytest.raises(InputError, match="holds a password") as caught:
        config.load(tmp_path)
    assert "PGPASSWORD" in caught.value.remedy
    assert "s3cret" not in str(caught.value)


def test_a_password_in_the_variable_is_taken_and_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLABEL_DATABASE", "postgresql://ada:s3cret@host/x")
    assert "s3cret" in config.load(tmp_path).database
    assert "s3cret" not in repr(config.load(tmp_path))
    monkeypatch.setenv("ALLABEL_DATABASE", "ada:s3cret@host/x")
    with pytest.raises(InputError, match="no URL such as") as caught:
        config.load(tmp_path)
    assert "s3cret" not in str(caught.value)
    assert "ALLABEL_DATABASE" in caught.value.remedy


@pytest.mark.parametrize("setting", ["double_share = 1.5", "blind_share = -0.1", "lease_minutes = 0"])
def test_shares_and_times_that_cannot_be_are_refused(tmp_path: Path, setting: str) -> None:
    (tmp_path / "allabel.toml").write_text(setting)
    with pytest.raises(InputError, match=setting.partition(" ")[0]):
        config.load(tmp_path)
