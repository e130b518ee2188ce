"""An experiment killed again and again, at random moments: the same tables as an undisturbed one."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import eval as room
from eval.experiments.run_folder import RunFolder

pytestmark = pytest.mark.slow

SHIPPED = Path(room.__file__).parent / "demo" / "data"
N_KILLS = 10
COMMAND = "from allabel.cli import main; raise SystemExit(main())"
EXPERIMENT = f"""
name = "killed"
seeds = 3
budgets = ["5%", "10%", "20%", "100%"]
strategies = ["uniform", "allabel", "adaptive"]
test_texts = 60

[[data]]
name = "shipped"
pool = ["{SHIPPED / "pool.jsonl"}"]
test = ["{SHIPPED / "test.jsonl"}"]

[[annotators]]
name = "on board"
backend = "embedded"

[[annotators]]
name = "CRF"
tagger = "crf"

[[active]]
name = "asked"
tagger = "crf"
query = ["breaking_ties", "random"]
partial = "drop_unknowns"
schedule = "5%"
rounds = 4
start_share = 0.05
"""


def _start(file: Path, folder: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, "eval", "run", str(file), "--out", str(folder), "--jobs", "2"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


def _tables(folder: Path) -> tuple[list[str], list[bytes], list[tuple[str, float]]]:
    run = RunFolder.open(folder)
    found = run.measured()
    assert run.n_missing == 0
    scores = [(row.metric, row.value) for row in run.rounds()]
    predictions = [run.files.predictions(m.key).read_bytes() for m in found]
    return [f"{m.spot} {m.cost.n_tokens} {m.counts.tolist()}" for m in found], predictions, scores


def test_ten_kills_change_nothing(tmp_path: Path) -> None:
    file = tmp_path / "killed.toml"
    file.write_text(EXPERIMENT, encoding="utf-8")
    began = time.monotonic()
    assert _start(file, tmp_path / "whole").wait() == 0
    took = time.monotonic() - began
    rng = np.random.default_rng(0)
    for _ in range(N_KILLS):
        running = _start(file, tmp_path / "killed")
        time.sleep(float(rng.uniform(0.05, 0.3)) * took)
        # Only the one that was started: those it started have to end by themselves.
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
        _wait_until_alone(running.pid)
    n_before = len(RunFolder.open(tmp_path / "killed").measured())
    assert _start(file, tmp_path / "killed").wait() == 0
    assert n_before > 0
    assert _tables(tmp_path / "killed") == _tables(tmp_path / "whole")


def _wait_until_alone(session: int, patience_s: float = 20.0) -> None:
    """Wait until no process of the session is left; fail where one stays."""
    until = time.monotonic() + patience_s
    while subprocess.run(["pgrep", "-s", str(session)], capture_output=True, check=False).returncode == 0:
        assert time.monotonic() < until, "a process outlived the one that began it"
        time.sleep(0.2)
