"""A damaged log of SQLite: what it forgets in silence is told, and the log is kept."""

import os
import shutil
import sqlite3
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from full_stores import texts

from allabel.doctor import examine
from allabel.project import Project
from allabel.schema import LabelSchema
from allabel.store import Store
from allabel.store.wal import keep_what_is_not_read, kept_logs, n_lost

Run = Callable[..., Any]
N_CHANGES = 12
N_DAMAGES = int(os.environ.get("ALLABEL_DAMAGES", "60"))
SEED = int(os.environ.get("ALLABEL_TEST_SEED", "0"))


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project as a killed program leaves it: twelve texts, one after the other, that are in the log alone."""
    folder = tmp_path_factory.mktemp("killed")
    Project.create(folder / "made", LabelSchema.parse("Chemical,Disease")).close()
    with Store.open(folder / "made" / "project.db") as store:
        for i in range(N_CHANGES):
            store.add_documents(texts(1, first=i))
        shutil.copytree(folder / "made", folder / "killed", ignore=shutil.ignore_patterns("*-shm"))
    return folder / "killed"


def n_texts(path: Path) -> int:
    """Count the texts as SQLite itself reads them, in a copy."""
    with closing(sqlite3.connect(path)) as connection:
        (n,) = connection.execute("SELECT count(*) FROM documents").fetchone()
    return int(n)


def damaged(killed: Path, folder: Path, at: int) -> Path:
    """Copy the project with one bit of the log flipped; returns its database."""
    shutil.copytree(killed, folder)
    content = bytearray((folder / "project.db-wal").read_bytes())
    content[at] ^= 4
    (folder / "project.db-wal").write_bytes(content)
    return folder / "project.db"


def test_whatever_bit_of_the_log_is_flipped_all_that_is_lost_but_the_last_is_counted(
    killed: Path, tmp_path: Path
) -> None:
    rng, size = np.random.default_rng(SEED), (killed / "project.db-wal").stat().st_size
    for at in [*range(32), *rng.integers(32, size, N_DAMAGES)]:
        path = damaged(killed, tmp_path / "p", int(at))
        told = n_lost(path)
        lost = N_CHANGES - n_texts(path)
        # A flip in the words that say where a change ends hides one more, or adds one.
        assert max(0, lost - 2) <= told <= lost, f"byte {at}: {lost} lost, {told} told"
        shutil.rmtree(tmp_path / "p")


def test_a_sound_log_and_one_that_was_cut_off_are_told_of_nothing(killed: Path, tmp_path: Path) -> None:
    shutil.copytree(killed, tmp_path / "p")
    path = tmp_path / "p" / "project.db"
    assert n_lost(path) == 0
    os.truncate(f"{path}-wal", Path(f"{path}-wal").stat().st_size - 100)
    with Store.open(path) as store:
        assert len(list(store.documents())) == N_CHANGES - 1
    assert kept_logs(path) == []


def test_a_damaged_log_is_told_and_kept_once_and_doctor_names_it_until_it_is_deleted(
    killed: Path, tmp_path: Path, allabel: Run
) -> None:
    folder = tmp_path / "p"
    path = damaged(killed, folder, 10_000)
    before = Path(f"{path}-wal").read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        first, again = (allabel("-p", folder, "status") for _ in range(2))
    (kept,) = kept_logs(path)
    assert kept.read_bytes() == before
    assert first.status == again.status == 0
    assert "project.db-wal is damaged, and what was saved last cannot be read: 11 or 12 changes" in first.err
    assert str(kept) in first.err
    assert "damaged" not in again.err
    (found,) = [one for one in examine(folder) if one.what == "damaged log"]
    assert not found.ok
    assert kept.name in found.says
    kept.unlink()
    assert not [one for one in examine(folder) if one.what == "damaged log"]


def test_doctor_looks_where_the_database_lies(killed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "p"
    path = damaged(killed, tmp_path / "elsewhere", 10_000)
    folder.mkdir()
    shutil.copyfile(killed / "labels.toml", folder / "labels.toml")
    monkeypatch.setenv("ALLABEL_DATABASE", f"sqlite:///{path}")
    with pytest.warns(UserWarning, match="project.db-wal is damaged"):
        (found,) = [one for one in examine(folder) if one.what == "damaged log"]
    (kept,) = kept_logs(path)
    assert str(kept) in found.says


def test_nothing_is_told_while_others_write_and_begin_the_log_anew(tmp_path: Path) -> None:
    Project.create(tmp_path / "p", LabelSchema.parse("Chemical")).close()
    path, until = tmp_path / "p" / "project.db", time.monotonic() + 3

    def write(first: int) -> None:
        with Store.open(path) as store:
            for n in range(1_000_000):
                store.add_documents(texts(1, first=first + n))
                if n % 20 == 0:
                    with closing(sqlite3.connect(path)) as connection:
                        connection.execute("PRAGMA wal_checkpoint(RESTART)")
                if time.monotonic() > until:
                    return

    writers = [threading.Thread(target=write, args=(first,)) for first in (0, 10_000_000)]
    n_looks = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for one in writers:
            one.start()
        while any(one.is_alive() for one in writers):
            keep_what_is_not_read(path, 10.0)
            n_looks += 1
        for one in writers:
            one.join()
    assert n_looks > 50
    assert kept_logs(path) == []
