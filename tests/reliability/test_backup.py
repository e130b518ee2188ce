"""`allabel backup` and `allabel restore`: what goes in comes out, from either database into either, or nothing does."""

import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from full_stores import fill, make_backup, rows_of, texts
from postgres import PostgresServer
from store_writers import Writers
from with_stores import DATABASES, SERVER_IF_SLOW, TEMPLATE, server_of

from allabel.document import Annotation, Span
from allabel.errors import StoreError
from allabel.store import Store
from allabel.store.tables import metadata

Run = Callable[..., Any]
N_BACKUPS = int(os.environ.get("ALLABEL_BACKUPS", "1"))
N_KILLS = int(os.environ.get("ALLABEL_KILLS", "1"))
SEED = int(os.environ.get("ALLABEL_TEST_SEED", "0"))


@contextmanager
def empty_place(database: str, config: pytest.Config) -> Iterator[str]:
    """Yield the URL of a database without any table, "" for a file."""
    if database == "sqlite":
        yield ""
        return
    with server_of(config).database() as name:
        yield server_of(config).url(name)


@contextmanager
def project(folder: Path, database: str, config: pytest.Config, allabel: Run) -> Iterator[Path]:
    """Make an empty project whose texts are in this kind of database."""
    with empty_place(database, config) as url:
        folder.mkdir()
        if url:
            (folder / "allabel.toml").write_text(f'shots = 3\ndatabase = "{url}"\n\n[serve]\nport = 8123\n')
        assert allabel("init", folder, "--labels", "Chemical,Disease").status == 0
        yield folder


def place_of(folder: Path) -> str | Path:
    from allabel.project import Project

    with Project.open(folder) as opened:
        return opened.place


def wait_for(condition: Callable[[], bool], most_s: float = 60) -> None:
    give_up = time.monotonic() + most_s
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.002)


def backup(folder: Path, file: Path, allabel: Run) -> Path:
    ended = allabel("-p", folder, "backup", file)
    assert ended.status == 0, ended.err
    return file


def files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("into", DATABASES)
@pytest.mark.parametrize("out_of", SERVER_IF_SLOW)
def test_every_row_of_every_table_comes_back_from_either_database_into_either(
    out_of: str, into: str, tmp_path: Path, allabel: Run, pytestconfig: pytest.Config
) -> None:
    with (
        project(tmp_path / "p", out_of, pytestconfig, allabel) as folder,
        empty_place(into, pytestconfig) as url,
    ):
        with Store.open(place_of(folder)) as store, store.writes() as connection:
            fill(connection)
        before = rows_of(place_of(folder))
        file = backup(folder, tmp_path / "b.zip", allabel)
        ended = allabel("restore", file, tmp_path / "q", *(["--database", url] if url else []))
        assert ended.status == 0, ended.err
        restored = place_of(tmp_path / "q")
        assert (str(restored) == url) if url else (restored == tmp_path / "q" / "project.db")
        assert all(before.values())
        assert rows_of(restored) == before
        with Store.open(restored) as store:
            assert store.n_rows()["sessions"] == 0
            # Numbers go on after the last, and history is history here too.
            store.add_documents(texts(1))
            store.add_annotations([Annotation(texts(1)[0].id, (), "a", "test", datetime.now(UTC))])
            assert store.answers()[-1].seq == 22
            for table in ("annotations", "tagged", "calls", "marks", "question_answers"):
                with pytest.raises(StoreError, match="append-only"), store.writes() as connection:
                    connection.execute(metadata.tables[table].delete())
        assert rows_of(place_of(folder)) == before


def test_labels_settings_calibration_and_the_tuned_model_come_back_and_tag_the_same(
    tmp_path: Path, allabel: Run
) -> None:
    folder = tmp_path / "p"
    assert allabel("init", folder, "--labels", "Chemical").status == 0
    (folder / "allabel.toml").write_text('shots = 2\ntuned_model = "models/mine"\n')
    with Store.open(folder / "project.db") as store:
        store.add_documents(texts(20))
        now = datetime.now(UTC)
        store.add_annotations(
            [Annotation(d.id, (Span(0, d.text.index(" "), "Chemical"),), "a", "test", now) for d in texts(12)]
        )
    (folder / "calibration.json").write_text('{"version": 1, "calibrations": []}\n')
    assert allabel("-p", folder, "finetune", "--tagger", "softmax").status == 0
    backup(folder, tmp_path / "b.zip", allabel)
    assert allabel("restore", tmp_path / "b.zip", tmp_path / "q").status == 0
    mine, theirs = files(folder), files(tmp_path / "q")
    assert mine.keys() == theirs.keys()
    assert {name for name in mine if mine[name] != theirs[name]} <= {"project.db"}
    for one in (folder, tmp_path / "q"):
        out = ["-o", one.parent / f"{one.name}.jsonl", "--backend", "tuned"]
        assert allabel("-p", one, "tag", "--rest", *out).status == 0
    assert (tmp_path / "p.jsonl").read_bytes() == (tmp_path / "q.jsonl").read_bytes()
    assert allabel("-p", tmp_path / "q", "doctor").status == 0


@pytest.mark.parametrize("database", SERVER_IF_SLOW)
def test_a_backup_in_the_midst_of_writing_is_one_moment_with_all_that_was_confirmed_before(
    database: str, tmp_path: Path, allabel: Run, pytestconfig: pytest.Config
) -> None:
    with project(tmp_path / "p", database, pytestconfig, allabel) as folder:
        with Store.open(place_of(folder)) as store:
            store.add_documents(texts(500))
        with Writers(place_of(folder), 2) as writers:
            taken = []
            for i in range(N_BACKUPS):
                before = list(writers.kept)
                backup(folder, tmp_path / f"{i}.zip", allabel)
                taken.append((tmp_path / f"{i}.zip", before, list(writers.kept)))
        n_went_on = 0
        for file, before, after in taken:
            n_went_on += sum(after) > sum(before)
            ended = allabel("restore", file, tmp_path / "q")
            assert ended.status == 0, ended.err
            with Store.open(tmp_path / "q" / "project.db") as store:
                answers, documents = store.answers(), [d.id for d in store.documents()]
            shutil.rmtree(tmp_path / "q")
            assert [a.doc_id for a in answers] == documents[500:]
            batches = Counter(tuple(a.doc_id.split("-")[:2]) for a in answers)
            assert set(batches.values()) == {5}
            for i, n in enumerate(before):
                assert {(f"w{i}", str(k)) for k in range(n)} <= set(batches)
        print(f"{database}: {len(taken)} backups under 2 writers, {n_went_on} with writes confirmed meanwhile")


def small(folder: Path, allabel: Run) -> Path:
    assert allabel("init", folder, "--labels", "Chemical,Disease").status == 0
    with Store.open(folder / "project.db") as store, store.writes() as connection:
        fill(connection)
    return folder


@pytest.fixture(scope="module")
def backed_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of a project with rows in every table; its database lies beside it as `p/project.db`."""
    return make_backup(tmp_path_factory.mktemp("backed_up"))


def test_nothing_is_written_over(tmp_path: Path, allabel: Run, pytestconfig: pytest.Config) -> None:
    folder = small(tmp_path / "p", allabel)
    file = backup(folder, tmp_path / "b.zip", allabel)
    before = files(tmp_path)
    again = allabel("-p", folder, "backup", file)
    assert "is there already" in again.err
    assert "there is a project already" in allabel("restore", file, folder).err
    (tmp_path / "q").mkdir()
    (tmp_path / "q" / "notes.txt").write_text("mine")
    assert "is not empty: it holds 'notes.txt'" in allabel("restore", file, tmp_path / "q").err
    assert files(tmp_path) == before | {"q/notes.txt": b"mine"}
    with server_of(pytestconfig).database(TEMPLATE) as name:
        url = server_of(pytestconfig).url(name)
        ended = allabel("restore", file, tmp_path / "r", "--database", url)
        assert "there is a database already" in ended.err
        assert not (tmp_path / "r").exists()
        with Store.open(url) as store:
            assert store.count() == 0


def test_wrong_use_is_answered_with_the_way_out(tmp_path: Path, allabel: Run, backed_up: Path) -> None:
    p = ["-p", backed_up.parent / "p"]
    for arguments, says in (
        ([*p, "backup", tmp_path / "b.tar"], "remedy: name it FILE.zip"),
        ([*p, "backup", tmp_path / "no" / "b.zip"], "remedy: name a file in a folder that is there"),
        (["restore", backed_up], "FOLDER, or --check"),
        (["restore", "--check", backed_up, tmp_path / "q"], "remedy: leave FOLDER or --check out"),
        (["restore", backed_up, tmp_path / "q", "--database", "restored"], "remedy: write it as postgresql+psycopg://"),
        (["restore", backed_up.parent / "p" / "labels.toml", tmp_path / "q"], "remedy: take another backup"),
    ):
        ended = allabel(*arguments)
        assert (ended.status, says in ended.err) == (2, True), ended.err
    assert allabel("restore", "--check", backed_up).status == 0
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_that_is_there_is_taken_as_a_volume_is(tmp_path: Path, allabel: Run, backed_up: Path) -> None:
    (tmp_path / "q").mkdir()
    assert allabel("restore", backed_up, tmp_path / "q").status == 0
    assert {path.name for path in (tmp_path / "q").iterdir()} == {"labels.toml", "project.db"}


def test_a_restored_project_leaves_the_database_of_the_old_one_alone(
    tmp_path: Path, allabel: Run, pytestconfig: pytest.Config
) -> None:
    with project(tmp_path / "p", "postgresql", pytestconfig, allabel) as folder:
        file = backup(folder, tmp_path / "b.zip", allabel)
        ended = allabel("restore", file, tmp_path / "q")
        assert "the database that the settings named is left alone" in ended.err
        assert (tmp_path / "q" / "allabel.toml").read_text() == "shots = 3\n\n[serve]\nport = 8123\n"
        assert place_of(tmp_path / "q") == tmp_path / "q" / "project.db"


def test_a_password_is_taken_from_the_variable_and_not_from_the_flag_or_into_the_file(
    tmp_path: Path, allabel: Run, backed_up: Path, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    ended = allabel("restore", backed_up, tmp_path / "q", "--database", "postgresql://ada:secret@/x")
    assert ended.status == 2
    assert "holds a password" in ended.err
    assert "secret" not in ended.err
    with server_of(pytestconfig).database() as name:
        url = server_of(pytestconfig).url(name, user="postgres:secret")
        monkeypatch.setenv("ALLABEL_DATABASE", url)
        assert allabel("restore", backed_up, tmp_path / "q").status == 0
        assert not (tmp_path / "q" / "allabel.toml").exists()
        assert not (tmp_path / "q" / "project.db").exists()
        assert place_of(tmp_path / "q") == url


def test_a_backup_of_a_damaged_project_is_refused_and_leaves_no_file(tmp_path: Path, allabel: Run) -> None:
    folder = small(tmp_path / "p", allabel)
    with Store.open(folder / "project.db") as store:
        store.add_documents(texts(3_000))
    content = bytearray((folder / "project.db").read_bytes())
    content[20 * 4096 : 24 * 4096] = b"\xa5" * (4 * 4096)
    (folder / "project.db").write_bytes(content)
    ended = allabel("-p", folder, "backup", tmp_path / "b.zip")
    assert ended.status == 2
    assert "damaged" in ended.err
    assert "remedy: restore" in ended.err
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_a_damaged_tuned_model_is_left_out_with_a_word(tmp_path: Path, allabel: Run) -> None:
    folder = tmp_path / "p"
    assert allabel("init", folder, "--labels", "Chemical").status == 0
    with Store.open(folder / "project.db") as store:
        store.add_documents(texts(8))
        spans = [(d.id, (Span(0, d.text.index(" "), "Chemical"),)) for d in texts(8)]
        store.add_annotations([Annotation(id, span, "a", "test", datetime.now(UTC)) for id, span in spans])
    assert allabel("-p", folder, "finetune", "--tagger", "softmax").status == 0
    weights = next(folder.glob("tuned/model-*/*.npz"))
    weights.write_bytes(weights.read_bytes()[:-9])
    ended = allabel("-p", folder, "backup", tmp_path / "b.zip")
    assert ended.status == 0
    assert "not in it: the tuned model, as it holds another model than was kept there" in ended.err
    assert allabel("restore", tmp_path / "b.zip", tmp_path / "q").status == 0


@pytest.mark.parametrize("into", SERVER_IF_SLOW)
def test_a_restore_that_is_killed_leaves_no_project_and_the_next_one_does_it_whole(
    into: str, tmp_path: Path, allabel: Run, pytestconfig: pytest.Config
) -> None:
    folder = small(tmp_path / "p", allabel)
    with Store.open(folder / "project.db") as store:
        store.add_documents(texts(3_000))
    before = rows_of(folder / "project.db")
    file = backup(folder, tmp_path / "b.zip", allabel)
    rng, q, n_whole = np.random.default_rng(SEED), tmp_path / "q", 0
    run = [sys.executable, "-c", "from allabel.cli import main; main()", "restore", str(file), str(q)]
    with empty_place(into, pytestconfig) as url:
        began = time.monotonic()
        assert allabel("restore", file, q, *(["--database", url] if url else [])).status == 0
        took_s = time.monotonic() - began
    shutil.rmtree(q)
    for _ in range(N_KILLS):
        with empty_place(into, pytestconfig) as url:
            program = [*run, *(["--database", url] if url else [])]
            with subprocess.Popen(program, stderr=subprocess.DEVNULL) as running:
                # Most of what is before the first file is imports.
                wait_for(lambda: any(tmp_path.glob("q/.restoring*")) or running.poll() is not None)
                time.sleep(float(rng.random()) * took_s)
                running.kill()
            if (q / "labels.toml").exists():
                n_whole += 1
            else:
                again = ["restore", file, q, *(["--database", url] if url else [])]
                ended = allabel(*again)
                if "is not empty" in ended.err:
                    # It was killed between two of its files' names: that folder is nobody's project.
                    shutil.rmtree(q)
                    ended = allabel(*again)
                assert ended.status == 0, ended.err
            assert rows_of(place_of(q)) == before
            left = {p.name for p in q.iterdir()} - {"labels.toml", "project.db", "allabel.toml"}
            assert not left or (n_whole and left <= {".restoring", ".restoring.lock"})
            shutil.rmtree(q)
    print(f"{into}: {N_KILLS} kills, seed {SEED}: {n_whole} came after the project was whole")


def test_a_server_s_older_store_is_kept_beside_the_project_before_it_is_brought_up_to_date(
    tmp_path: Path, allabel: Run, pytestconfig: pytest.Config
) -> None:
    from sqlalchemy import text

    from allabel.project import Project
    from allabel.store.database import Database
    from allabel.store.location import Location
    from allabel.store.revisions import HEAD, REVISIONS, migrate

    server: PostgresServer = server_of(pytestconfig)
    # Of all that there were, as many as there is time for.
    for revision in REVISIONS[1:-1] if N_BACKUPS > 1 else ("0003",):
        with server.database() as name:
            folder = tmp_path / revision
            folder.mkdir()
            (folder / "labels.toml").write_text('[[labels]]\nname = "Chemical"\n')
            (folder / "allabel.toml").write_text(f'database = "{server.url(name)}"\n')
            database = Database(Location.of(server.url(name)))
            with database.write() as connection:
                migrate(database, revision)
                fill(connection)
            database.close()
            with pytest.warns(UserWarning, match=f"from schema {revision} to {HEAD}; .*project.db.backup-{revision}"):
                Project.open(folder).close()
            now = rows_of(server.url(name))
            copy = folder / f"project.db.backup-{revision}"
            kept = Database(Location.of(copy))
            with kept.read() as connection:
                assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == revision
            kept.close()
            # Brought up to date it says what the server's says: nothing was lost on the way into the copy.
            assert rows_of(copy) == now
            assert now["annotations"]
