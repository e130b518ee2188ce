"""Whoever waits to write has a turn, however eager the others are; and nobody waits for ever."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from statistics import median

import pytest

from allabel.store import Store
from allabel.store.turns import turn

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such line")
HOLDS = """
import sys
from pathlib import Path
from allabel.store.turns import turn
with turn(Path(sys.argv[1]), 10):
    print("has it", flush=True)
    sys.stdin.readline()
"""


def test_of_sixteen_eager_writers_hardly_one_waits_ten_times_as_long_as_is_usual(tmp_path: Path) -> None:
    Store.create(tmp_path / "project.db").close()
    waited: list[float] = []

    def write(store: Store, until: float) -> None:
        while time.monotonic() < until:
            began = time.monotonic()
            with store.writes():
                waited.append(time.monotonic() - began)
                time.sleep(0.003)
            time.sleep(0.002)

    with Store.open(tmp_path / "project.db") as one, Store.open(tmp_path / "project.db") as other:
        until = time.monotonic() + 1.5
        writers = [threading.Thread(target=write, args=(store, until)) for store in (one, other) for _ in range(8)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
    waited.sort()
    assert len(waited) > 2 * len(writers)
    # Without a line the median is 0.002 s and the hundredth part waits for more than a second.
    assert waited[int(0.99 * len(waited))] < 10 * median(waited)


def test_everybody_who_waits_has_a_turn(tmp_path: Path) -> None:
    came: list[int] = []

    def wait(n: int) -> None:
        with turn(tmp_path, 60):
            came.append(n)

    waiting = [threading.Thread(target=wait, args=(n,)) for n in range(8)]
    with turn(tmp_path, 60):
        for one in waiting:
            one.start()
            time.sleep(0.05)
    for one in waiting:
        one.join()
    assert sorted(came) == list(range(8))


def test_whose_patience_ends_goes_on_and_leaves_the_line(tmp_path: Path) -> None:
    with turn(tmp_path, 60):
        began = time.monotonic()
        with turn(tmp_path, 0.05):
            assert time.monotonic() - began >= 0.05
    with turn(tmp_path, 60), turn(tmp_path, 0.01):
        pass
    began = time.monotonic()
    with turn(tmp_path, 60):
        assert time.monotonic() - began < 30


def test_the_turn_of_a_program_that_is_killed_goes_on_to_the_next(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDS, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"has it\n"
        threading.Timer(0.1, os.kill, (holder.pid, signal.SIGKILL)).start()
        began = time.monotonic()
        with turn(tmp_path, 60):
            assert time.monotonic() - began < 30


@pytest.mark.parametrize("folder", ["not there", "a file"])
def test_where_no_line_can_be_the_database_alone_decides(tmp_path: Path, folder: str) -> None:
    (tmp_path / "a file").write_text("")
    with turn(tmp_path / folder, 60):
        pass
