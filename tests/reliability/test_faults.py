"""A full disk, a folder that is only read, a locked database, a clock set back: said in words, nothing half done."""

import json
import os
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fault_grounds import MIB, WORK, asked, fill_up, make_base, small_disk
from postgres import PostgresServer
from store_writers import Writers

from allabel.document import DocId, Span
from allabel.project import Project
from allabel.store import Store
from allabel.store.database import Database
from allabel.store.location import Location

Run = Callable[..., Any]
N_RESTARTS = int(os.environ.get("ALLABEL_RESTARTS", "1"))
SEED = int(os.environ.get("ALLABEL_TEST_SEED", "0"))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """See `make_base`."""
    return make_base(tmp_path_factory.mktemp("base"))


def names(folder: Path) -> set[str]:
    """Return every file's name but those of SQLite's own log."""
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {name for name in found if not name.endswith(("-wal", "-shm"))}


@pytest.mark.parametrize("free", [0, pytest.param(60_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("what", WORK)
def test_on_a_full_disk_every_command_says_so_leaves_nothing_half_done_and_goes_on_when_there_is_room(
    what: str, free: int, base: Path, tmp_path: Path, allabel: Run
) -> None:
    with small_disk(tmp_path / "disk", 6 * MIB) as disk:
        shutil.copytree(base / "p", disk / "p")
        ballast = fill_up(disk, free)
        before = names(disk)
        ended = allabel(*asked(what, base, disk))
        if ended.status == 0:
            # What needs less than that is done, and not merely said to be.
            assert free
        else:
            assert str(disk) in ended.err
            assert "remedy: " in ended.err
            said = ended.err.replace(str(disk), "")
            assert "full" in said or "No space" in said or "room" in said, said
            # The parts of a file that is tagged in blocks are there to go on from.
            assert {
                name for name in names(disk) if "/" not in name or not name.startswith("out.jsonl.parts/")
            } == before
        ballast.unlink()
        if ended.status:
            again = allabel(*asked(what, base, disk))
            assert again.status == 0, again.err
        assert allabel("-p", disk / "p", "doctor").status == 0
        assert not (disk / "out.jsonl.parts").exists()
        if (disk / "out.jsonl").exists():
            lines = (disk / "out.jsonl").read_text().splitlines()
            assert len(lines) == {"tag FILE": 4_000, "tag --rest": 54, "export": 60}[what]
            assert all(json.loads(line) for line in lines)


def test_an_answer_that_finds_no_room_is_refused_and_kept_when_sent_again(base: Path, tmp_path: Path) -> None:
    from allabel.errors import DatabaseError
    from allabel.people.accounts import Accounts
    from allabel.people.desk import Desk
    from allabel.people.roles import Role
    from allabel.people.task import Answer, Draft

    with small_disk(tmp_path / "disk", 6 * MIB) as disk:
        shutil.copytree(base / "p", disk / "p")
        with Project.open(disk / "p") as project:
            Accounts(project.store).add("ada", Role.ANNOTATOR, None)
            ada = next(iter(Accounts(project.store).people()))
            desk = Desk(project.store, project.schema, ada, project.settings)
            task = desk.next()
            assert task is not None
            ballast = fill_up(disk, 0)
            now = datetime.now(UTC)
            answer = Answer(task.document.id, (Span(0, 3, "Chemical"),), task.version, "save-1")
            # What the log has room for by now is kept all the same.
            drafts = (Draft((), (), n + 1, task.version, now) for n in range(2_000))
            with pytest.raises(DatabaseError, match="disk is full"):
                any(not desk.keep_draft(task.document.id, draft) for draft in drafts)
            ballast.unlink()
            assert desk.save(answer).entities == answer.entities
            assert [a.author for a in project.store.history(task.document.id)] == ["ada"]
            assert project.store.check() == []


@pytest.mark.enable_socket
def test_a_server_without_room_answers_503_keeps_tagging_and_takes_the_same_request_later(
    base: Path, tmp_path: Path
) -> None:
    import httpx
    from served import served

    with small_disk(tmp_path / "disk", 6 * MIB) as disk:
        shutil.copytree(base / "p", disk / "p")
        with served(disk / "p") as url, httpx.Client(base_url=url) as api:
            ballast = fill_up(disk, 0)
            refused = None
            for n in range(300):
                document = {"id": f"new-{n}", "text": "NaCl " * 500, "entities": []}
                got = api.post("/v1/annotations", json={"documents": [document]})
                if got.status_code != 201:
                    refused = got
                    break
            assert refused is not None
            assert refused.status_code == 503
            assert int(refused.headers["Retry-After"]) > 0
            assert api.post("/v1/tag", json={"text": "KCl was weighed ."}).status_code == 200
            ballast.unlink()
            assert api.post("/v1/annotations", json={"documents": [document]}).status_code == 201


@pytest.mark.slow
def test_a_server_of_texts_that_is_restarted_at_once_under_load_loses_and_doubles_nothing() -> None:
    rng = np.random.default_rng(SEED)
    with PostgresServer() as server:
        server.execute("CREATE DATABASE p")
        Store.create(server.url("p")).close()
        with Writers(server.url("p"), 3) as writers:
            for _ in range(N_RESTARTS):
                time.sleep(0.3 + float(rng.random()))
                before = list(writers.kept)
                server.kill()
                server.start()
                give_up = time.monotonic() + 60
                while not all(now > then for now, then in zip(writers.kept, before, strict=True)):
                    assert time.monotonic() < give_up, "a writer did not go on"
                    time.sleep(0.02)
        with Store.open(server.url("p")) as store:
            answers = Counter(a.doc_id for a in store.answers())
            assert set(answers.values()) == {1}
            for i, n in enumerate(writers.kept):
                assert {DocId(f"w{i}-{k}-t{at}") for k in range(n) for at in range(5)} <= set(answers)
            assert len(answers) == store.count()
            assert store.check() == []
    print(f"{N_RESTARTS} restarts, seed {SEED}: {sum(writers.kept)} transactions kept, none lost, none doubled")


@contextmanager
def as_nobody() -> Iterator[None]:
    """Be a user whom files' modes hold for; skips where that cannot be."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("what", WORK)
def test_in_a_folder_that_may_only_be_read_every_command_says_so_and_writes_nothing(
    what: str, base: Path, allabel: Run
) -> None:
    with tempfile.TemporaryDirectory() as name:
        disk = Path(name)
        shutil.copytree(base, disk, dirs_exist_ok=True)
        for path in (disk, *disk.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        before = {path: path.read_bytes() for path in disk.rglob("*") if path.is_file()}
        with as_nobody():
            ended = allabel(*asked(what, disk, disk))
        assert ended.status in {1, 2}
        assert str(disk) in ended.err
        assert "remedy: " in ended.err
        said = ended.err.replace(str(disk), "").lower()
        assert "permission" in said or "may write" in said or "may be written" in said, said
        assert {path: path.read_bytes() for path in disk.rglob("*") if path.is_file()} == before
        for path in (disk, *disk.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o666)
        with as_nobody():
            ended = allabel(*asked(what, disk, disk))
        assert ended.status == 0, ended.err


@contextmanager
def locked(path: Path, for_s: float) -> Iterator[None]:
    """Be another program that writes to a database for so long."""
    held, ended = threading.Event(), threading.Event()

    def hold() -> None:
        with closing(Database(Location.of(path))) as database, database.write():
            held.set()
            ended.wait(for_s)

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert held.wait(30)
        yield
    finally:
        ended.set()
        thread.join()


@pytest.mark.parametrize("what", ["import", "annotate", "tag --rest", "backup"])
def test_a_command_waits_for_another_writer_and_then_goes_on(
    what: str, base: Path, tmp_path: Path, allabel: Run
) -> None:
    shutil.copytree(base / "p", tmp_path / "p")
    with locked(tmp_path / "p" / "project.db", 1.0):
        ended = allabel(*asked(what, base, tmp_path))
    assert ended.status == 0, ended.err


@pytest.mark.slow
@pytest.mark.parametrize("what", ["import", "select", "annotate", "tag --rest"])
def test_a_command_that_another_writer_keeps_waiting_says_so_and_the_same_command_goes_on(
    what: str, base: Path, tmp_path: Path, allabel: Run
) -> None:
    shutil.copytree(base / "p", tmp_path / "p")
    before = names(tmp_path)
    with locked(tmp_path / "p" / "project.db", 120):
        ended = allabel(*asked(what, base, tmp_path))
    assert ended.status == 2
    assert "another program is writing to it and did not finish in time" in ended.err
    assert "remedy: wait until the other allabel command or page has ended, then run this again" in ended.err
    assert names(tmp_path) == before
    assert allabel(*asked(what, base, tmp_path)).status == 0
    assert allabel("-p", tmp_path / "p", "doctor").status == 0
