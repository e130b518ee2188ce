"""Progress of long work: seen on a terminal, and nowhere else."""

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from allabel.progress import bar, counted_on, is_watched, span, with_time_left

WORK = """
import sys, time
from allabel.progress import bar, counted_on
with bar("tagging", 200, "texts") as came:
    for _ in range(200):
        time.sleep(0.005)
        came(1)
for _ in counted_on("reading x", range(120), "documents"):
    time.sleep(0.005)
print("done")
"""


def on_a_terminal(code: str) -> str:
    """Run code with a terminal as standard error, and return what a person sees there."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=theirs, env=environment
    ) as run:
        os.close(theirs)
        seen = b""
        while True:
            try:
                more = os.read(ours, 4096)
            except OSError:
                break
            if not more:
                break
            seen += more
        assert run.wait(60) == 0, seen
    os.close(ours)
    return seen.decode()


def test_a_terminal_shows_share_rate_and_time_left() -> None:
    seen = on_a_terminal(WORK)
    assert "tagging" in seen
    assert "100%" in seen
    assert "texts/s" in seen
    assert "00:00:0" in seen
    assert "reading x: " in seen
    assert "documents/s" in seen


def test_without_a_terminal_nothing_is_shown(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", WORK], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert (ended.stdout, ended.stderr) == ("done\n", "")


def test_nobody_watches_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", io.StringIO())
    assert not is_watched()
    with bar("x", 3, "things") as came:
        came(3)
    assert list(counted_on("x", iter("abc"), "things")) == ["a", "b", "c"]


def test_a_line_a_thing_says_how_long_the_others_take(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([0.0, 60.0, 120.0, 180.0])
    monkeypatch.setattr("time.monotonic", lambda: next(now))
    heard: list[str] = []
    tell = with_time_left(heard.append, 3)
    for line in "abc":
        tell(line)
    assert heard == ["a; about 2 min left", "b; about 60 s left", "c"]


@pytest.mark.parametrize(("seconds", "said"), [(0.4, "0 s"), (89, "89 s"), (600, "10 min"), (7200, "2.0 h")])
def test_times_are_said_in_a_unit_that_fits(seconds: float, said: str) -> None:
    assert span(seconds) == said
