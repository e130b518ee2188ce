"""Small experiments on the sentences that ship with the package."""

from collections.abc import Callable
from pathlib import Path

import pytest

import eval as room
from eval.experiments.checks import check
from eval.experiments.experiment import Experiment
from eval.experiments.run_folder import RunFolder
from eval.experiments.running import Ended, run_missing

SHIPPED = Path(room.__file__).parent / "demo" / "data"
SMALL = f"""
name = "small"
seeds = 2
budgets = ["10%", "100%"]
strategies = ["uniform", "allabel"]
test_texts = 24

[[data]]
name = "shipped"
pool = ["{SHIPPED / "pool.jsonl"}"]
test = ["{SHIPPED / "test.jsonl"}"]
pool_texts = 40

[[annotators]]
name = "on board"
backend = "embedded"
"""

CRF = '\n[[annotators]]\nname = "CRF"\ntagger = "crf"\ntest_texts = 10\n'

Write = Callable[..., Path]
Run = Callable[..., tuple[RunFolder, Ended]]


def run_in(folder: Path, path: Path, jobs: int = 1) -> tuple[RunFolder, Ended]:
    """Run what is missing of an experiment's file."""
    begun = RunFolder.begin(folder, Experiment.read(path))
    check(begun)
    return begun, run_missing(begun, jobs, lambda line: None)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes an experiment's file: the small one with more lines, or with some changed."""

    def write(more: str = "", **changed: str) -> Path:
        text = SMALL
        for old, new in changed.items():
            line = next(line for line in SMALL.splitlines() if line.startswith(f"{old} = "))
            text = text.replace(line, f"{old} = {new}")
        path = tmp_path / "experiment.toml"
        path.write_text(text + more, encoding="utf-8")
        return path

    return write


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs what is missing of an experiment's file in one folder."""
    return lambda path, jobs=1: run_in(tmp_path / "run", path, jobs)


@pytest.fixture(scope="session")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFolder, Ended]:
    """The small experiment, with a CRF tagger beside the annotator on board, run to its end; to be looked at only."""
    folder = tmp_path_factory.mktemp("done")
    path = folder / "experiment.toml"
    path.write_text(SMALL + CRF, encoding="utf-8")
    return run_in(folder / "run", path)
