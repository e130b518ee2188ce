"""Mistakes of every kind, readers that go away, full disks and Ctrl+C: words, an exit status, and no traceback."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from allabel.__main__ import main as program

Run = Callable[..., Any]
POOL = Path(__file__).parents[2] / "eval/demo/data/pool.jsonl"
PROGRAM = (sys.executable, "-c", "from allabel.cli import main; main()")
GIVE_UP_S = 120.0


@pytest.fixture
def here(tmp_path: Path, allabel: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a project, an empty folder, a file that is none of texts, and one that nobody may read."""
    monkeypatch.chdir(tmp_path)
    assert allabel("init", "p", "--labels", "Salt").status == 0
    (tmp_path / "empty").mkdir()
    for name in ("binary.jsonl", "binary.txt", "binary.conll", "binary.csv", "binary.json", "binary.parquet"):
        (tmp_path / name).write_bytes(bytes(range(256)) * 40)
    (tmp_path / "nothing.txt").touch()
    (tmp_path / "some.txt").write_text("NaCl in water\n", encoding="utf-8")
    (tmp_path / "gold.jsonl").write_text('{"text": "NaCl", "entities": []}\n', encoding="utf-8")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [
        *(f"-p p import {name}" for name in ("empty", "nothing.txt", "dangling", "p/project.db", "missing.txt")),
        *(f"-p p import binary.{kind}" for kind in ("jsonl", "txt", "conll", "csv", "json", "parquet")),
        *(f"-p p tag {name} --json" for name in ("empty", "nothing.txt", "binary.jsonl", "/dev/null")),
        *(f"-p {folder} status" for folder in ("some.txt", "some.txt/below", "missing", "empty")),
        *(f"-p p export {name}" for name in ("empty", "missing/out.jsonl", "out.xyz", "out.jsonl --what questions")),
        *(f"convert some.txt {name}" for name in ("empty", "missing/x.jsonl", "x.xyz", "x.jsonl --from nonsense")),
        *(f"init {name} --labels Salt" for name in ("p", "some.txt", "some.txt/below")),
        *(f"init q --labels {labels}" for labels in ("missing.toml", "binary.txt", ",")),
        *(f"restore {name} r" for name in ("some.txt", "empty", "missing.zip")),
        *(f"-p p backup {name}" for name in ("x.tar", "missing/x.zip", "empty")),
        *(f"eval score {name}" for name in ("binary.jsonl gold.jsonl", "empty gold.jsonl", "gold.jsonl nothing.txt")),
        *(f"eval run {name}" for name in ("missing.toml", "binary.txt", "empty", "nothing.txt")),
        *(f"eval {command}" for command in ("compare empty", "report empty --csv x.csv", "compare p --a x")),
        *(f"eval {command}" for command in ("useful empty --arm a --budget 5%", "active nothing.txt", "data nonsense")),
        "eval report empty",
        "-p p finetune --tagger crf",
        "-p p finetune --tagger nonsense",
        "-p p map -o missing/map.html",
        "-p p explain nobody",
        "-p p calibrate",
        "-p p ungrounded --label nonsense",
        "-p p people role nobody admin",
        "-p p serve keys revoke nobody",
        "-p p serve --port 99999999",
        "-p p tag --rest --json",
        "-p p tag some.txt --json --shots many",
        "-p p select --budget 10%",
        "-p some.txt app",
        "demo empty",
    ],
)
def test_a_mistake_is_told_in_words(arguments: str, here: Path, allabel: Run) -> None:
    ended = allabel(*arguments.split())
    assert ended.status == 2, ended
    assert "error: " in ended.err
    assert "Traceback" not in ended.err
    assert "Errno" not in ended.err


def test_a_file_that_may_not_be_read_is_told(here: Path, allabel: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "some.txt").chmod(0)
    if os.access(here / "some.txt", os.R_OK):  # nothing is closed to root
        monkeypatch.setattr("os.access", lambda path, *_, **__: Path(path).name != "some.txt")
    ended = allabel("-p", "p", "import", "some.txt")
    assert ended.status == 2
    assert "'some.txt' is not readable" in ended.err


@pytest.mark.parametrize("command", ["select --list", "eval data --json", "--help", "completion bash"])
def test_a_reader_that_goes_away_is_told_nothing(command: str, tmp_path: Path) -> None:
    quoted = " ".join(["python", "-c", "'from allabel.cli import main; main()'", command])
    ended = subprocess.run(
        ["bash", "-c", f"{quoted} | true; echo ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
    )
    assert ended.stderr == ""
    assert ended.stdout.strip() in {"0", "1"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_under_standard_output_is_told_once(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [*PROGRAM, "select", "--list"], stdout=full, stderr=subprocess.PIPE, text=True, check=False, cwd=tmp_path
        )
    assert ended.returncode == 1
    assert ended.stderr == "error: writing: No space left on device\n"


def interrupted(arguments: Sequence[str], cwd: Path, when: Callable[[], bool]) -> tuple[int, str]:
    """Begin a command, press Ctrl+C once something is so, and return the exit status and what it said."""
    said = cwd / "said"
    # A session of its own, as a terminal has: Ctrl+C reaches every process of it.
    with (
        said.open("w") as err,
        subprocess.Popen(
            [*PROGRAM, *arguments],
            stdout=subprocess.DEVNULL,
            stderr=err,
            cwd=cwd,
            start_new_session=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        ) as run,
    ):
        until = time.monotonic() + GIVE_UP_S
        while not when():
            assert run.poll() is None, said.read_text(encoding="utf-8")
            assert time.monotonic() < until, said.read_text(encoding="utf-8")
            time.sleep(0.01)
        os.killpg(run.pid, signal.SIGINT)
        status = run.wait(60)
    return status, said.read_text(encoding="utf-8")


def test_ctrl_c_ends_the_demonstration_with_130_and_one_line(tmp_path: Path) -> None:
    said = tmp_path / "said"
    status, told = interrupted(["demo"], tmp_path, lambda: said.exists() and "a project in" in said.read_text())
    assert status == 130
    assert "Traceback" not in told
    assert told.rstrip().splitlines()[-1] == "stopped"


@pytest.mark.slow  # an experiment, in processes of its own
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_ends_an_experiment_with_130_and_says_what_is_kept(jobs: str, tmp_path: Path) -> None:
    shutil.copyfile(POOL, tmp_path / "gold.jsonl")
    shown = subprocess.run(
        [*PROGRAM, "eval", "run", "own_gold", "--show"], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    (tmp_path / "main.toml").write_text(shown.stdout, encoding="utf-8")
    said = tmp_path / "said"
    status, told = interrupted(
        ["eval", "run", "main.toml", "--jobs", jobs], tmp_path, lambda: said.exists() and " left" in said.read_text()
    )
    assert status == 130, told
    assert "Traceback" not in told
    last = told.rstrip().splitlines()[-1]
    assert last.startswith("stopped: ")
    assert "results are kept; the same command goes on" in last


def test_ctrl_c_at_a_question_ends_with_130(here: Path, allabel: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def pressed(*_: object, **__: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.termui.hidden_prompt_func", pressed)
    ended = allabel("-p", "p", "people", "add", "ada")
    assert ended.status == 130
    assert ended.err.rstrip().splitlines()[-1] == "stopped"


def test_ctrl_c_while_the_program_is_read_is_told_in_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Pressed(ModuleType):
        def __getattr__(self, name: str) -> None:
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "allabel.cli", Pressed("allabel.cli"))
    with pytest.raises(SystemExit) as ended:
        program()
    assert ended.value.code == 130
    assert capsys.readouterr().err == "stopped\n"
