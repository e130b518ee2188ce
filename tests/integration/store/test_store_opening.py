"""A store is made once, opened anywhere, and what is not one is refused before anything is touched."""

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from allabel.document import DocId, Document
from allabel.errors import StoreError
from allabel.store import Store, soundness

NOBODY = 65534


def files(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}


def execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Drop root's right to write everywhere."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.fixture
def made(path: Path) -> Path:
    with Store.create(path) as store:
        store.add_documents([Document(DocId(f"d{i}"), "NaCl in water " * 50) for i in range(100)])
    return path


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that every user may enter; pytest's own are for one user."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)
        Path(name).chmod(0o755)


def test_what_one_process_made_another_opens(made: Path) -> None:
    with Store.open(made) as store:
        assert store.count() == 100
    with Store.open(f"sqlite:///{made}") as store:
        assert store.count() == 100


@pytest.mark.parametrize("name", ["per%cent 100%.db", "que?ry#hash.db", "naïve 化学.db"])
def test_any_file_name_will_do(tmp_path: Path, name: str) -> None:
    Store.create(tmp_path / name).close()
    with Store.open(tmp_path / name) as store:
        assert store.count() == 0
    assert list(files(tmp_path)) == [name]


def test_an_existing_database_is_not_made_again(made: Path) -> None:
    before = files(made.parent)
    with pytest.raises(StoreError, match="a database already") as caught:
        Store.create(made)
    assert caught.value.remedy
    assert files(made.parent) == before


@pytest.mark.parametrize("name", ["missing/project.db", "a_file/project.db"])
def test_a_folder_that_is_not_one_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "a_file").write_text("")
    with pytest.raises(StoreError, match="cannot be made here") as caught:
        Store.create(tmp_path / name)
    assert "folder" in caught.value.remedy
    with pytest.raises(StoreError, match="no database here") as caught:
        Store.open(tmp_path / name)
    assert "allabel init DIR --labels" in caught.value.remedy


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no database here"):
        Store.open(tmp_path)


@pytest.mark.parametrize("content", [b"id,text\n1,NaCl\n" * 400, b"PK\x03\x04", b""])
def test_a_file_that_is_no_database_is_refused_untouched(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreError, match="not a database"):
        Store.open(path)
    assert files(path.parent) == {path.name: content}


@pytest.mark.parametrize("keep", [50, 100, 1000, 4096, 5000, 20_000, -4096, -1])
def test_a_truncated_file_is_refused_untouched(made: Path, keep: int) -> None:
    made.write_bytes(made.read_bytes()[:keep])
    before = files(made.parent)
    with pytest.raises(StoreError, match=r"was cut short|not a database, or only a piece") as caught:
        Store.open(made)
    assert caught.value.remedy
    assert files(made.parent) == before


@pytest.mark.parametrize(
    "tables",
    [
        ["CREATE TABLE molecules (smiles TEXT)"],
        ["CREATE TABLE molecules (smiles TEXT)", "CREATE TABLE alembic_version (version_num TEXT)"],
        ["CREATE TABLE alembic_version (version_num TEXT)", "INSERT INTO alembic_version VALUES ('0001')"],
    ],
)
def test_the_database_of_another_program_is_refused_untouched(path: Path, tables: list[str]) -> None:
    execute(path, *tables)
    before = files(path.parent)
    with pytest.raises(StoreError, match="holds no allabel project") as caught:
        Store.open(path)
    assert "allabel init" in caught.value.remedy
    assert files(path.parent) == before


def test_the_store_of_a_newer_allabel_is_refused_untouched(made: Path) -> None:
    execute(made, "UPDATE alembic_version SET version_num = '0042'")
    before = files(made.parent)
    with pytest.raises(StoreError, match=r"made by a newer allabel \(schema 0042, this one knows \d+\)") as caught:
        Store.open(made)
    assert caught.value.remedy == "upgrade allabel"
    assert files(made.parent) == before


def test_an_older_store_is_copied_then_migrated(path: Path) -> None:
    execute(path, "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)", "PRAGMA user_version = 7")
    for copy in ("project.db.backup-base", "project.db.backup-base-2"):
        with Store.open(path) as store:
            assert store.add_documents([Document(DocId("a"), "x")]) == 1
        with closing(sqlite3.connect(path.parent / copy)) as backup:
            assert backup.execute("SELECT name FROM sqlite_master").fetchall() == [("alembic_version",)]
            assert backup.execute("PRAGMA user_version").fetchone() == (7,)
        # The same older store again: the first copy is not written over.
        path.unlink()
        path.write_bytes((path.parent / "project.db.backup-base").read_bytes())
    assert not (path.parent / "project.db.backup-base-3").exists()


def test_a_current_store_opens_without_alembic(made: Path) -> None:
    script = "import sys; from allabel.store import Store; Store.open(sys.argv[1]).close(); print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script, str(made)], check=True, capture_output=True, text=True)
    assert "alembic" not in ran.stdout.split()
    assert "sqlalchemy" in ran.stdout.split()


def test_a_crashed_writers_log_is_read_with_its_database(made: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    with Store.open(made) as store:
        store.add_documents([Document(DocId("late"), "x")])
        for name in (made.name, f"{made.name}-wal"):
            (copy / name).write_bytes((made.parent / name).read_bytes())
    with Store.open(copy / made.name) as store:
        assert store.count() == 101


def test_a_read_only_file_or_folder_is_refused_with_a_remedy(public_folder: Path) -> None:
    path = public_folder / "project.db"
    Store.create(path).close()
    path.chmod(0o444)
    public_folder.chmod(0o555)
    with as_nobody(), pytest.raises(StoreError, match="its folder cannot be written to") as caught:
        Store.open(path)
    assert "permission" in caught.value.remedy
    with as_nobody(), pytest.raises(StoreError, match="cannot be made here"):
        Store.create(public_folder / "new.db")
    public_folder.chmod(0o777)
    with as_nobody(), pytest.raises(StoreError, match="the file cannot be written to"):
        Store.open(path)
    assert list(files(public_folder)) == ["project.db"]


def test_a_file_made_read_only_while_open_is_named_when_written(made: Path) -> None:
    with Store.open(made) as store:
        with store._database.read() as connection:
            connection.exec_driver_sql("PRAGMA query_only = ON")
        with pytest.raises(StoreError, match="cannot be written to"):
            store.add_documents([Document(DocId("new"), "x")])


def test_damage_inside_the_file_is_refused_at_opening_and_of_a_large_one_reported_by_check(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = bytearray(made.read_bytes())
    content[-4096 * 5 : -4096 * 3] = b"\xff" * 8192
    made.write_bytes(content)
    before = files(made.parent)
    with pytest.raises(StoreError, match="the database is damaged"):
        Store.open(made)
    assert files(made.parent) == before
    monkeypatch.setattr(soundness, "LARGEST_BYTES", 0)
    with Store.open(made) as store:
        assert any("damaged" in problem for problem in store.check())


def test_a_store_in_memory_is_refused() -> None:
    for url in ("sqlite://", "sqlite:///:memory:"):
        with pytest.raises(StoreError, match="memory"):
            Store.create(url)


def test_a_url_that_cannot_be_read_or_has_no_driver_is_refused() -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        Store.open("post gres://x:y:z")
    with pytest.raises(StoreError, match="driver") as caught:
        Store.open("nosuchdb://ada:secret@host/x")
    assert "secret" not in str(caught.value)
