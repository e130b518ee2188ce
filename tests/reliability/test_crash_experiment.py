"""An experiment in one process, killed at any moment: the same results, and the same comparison of two arms."""

import json
from pathlib import Path

import pytest
from crash_grounds import Ground
from crash_start import Starter, starter_of
from crash_trials import Tally, Trials, ended, share
from served import CORPUS

from eval.experiments.run_folder import RunFolder

PART = 0.06
EXPERIMENT = f"""
name = "killed"
seeds = 2
budgets = ["10%"]
strategies = ["uniform"]
test_texts = 20

[[data]]
name = "shipped"
pool = ["{CORPUS / "pool.jsonl"}"]
test = ["{CORPUS / "test.jsonl"}"]

[[annotators]]
name = "on board"
backend = "embedded"

[[annotators]]
name = "CRF"
tagger = "crf"
"""


def experiment(folder: Path) -> None:
    """Put the experiment's file beside the folder."""
    (folder.parent / "killed.toml").write_text(EXPERIMENT, encoding="utf-8")


def untimed(data: object) -> object:
    """Leave out what was measured with a clock."""
    if isinstance(data, dict):
        return {key: untimed(value) for key, value in data.items() if "seconds" not in key}
    if isinstance(data, list):
        return [untimed(one) for one in data if not str(one).startswith("seconds:")]
    return data


@pytest.fixture
def starter(pytestconfig: pytest.Config) -> Starter:
    return starter_of(pytestconfig)


class Experiment:
    """The command, and what is compared in the end."""

    def __init__(self, starter: Starter) -> None:
        self._starter = starter

    @staticmethod
    def command(folder: Path) -> list[str]:
        """Run it, or go on with it."""
        return ["eval", "run", str(folder.parent / "killed.toml"), "--out", str(folder / "run")]

    def results(self, folder: Path) -> dict[str, object]:
        """Return counts and predictions of all cells, and what the comparison says."""
        run = RunFolder.open(folder / "run")
        measured = run.measured()
        compare = ["eval", "compare", str(folder / "run"), "--a", "on board", "--b", "CRF", "--json"]
        status, said, _ = ended(self._starter, compare)
        assert status == 0, said
        return {
            "missing": run.n_missing,
            "counts": [f"{m.spot} {m.cost.n_tokens} {m.counts.tolist()}" for m in measured],
            "predictions": [run.files.predictions(m.key).read_bytes() for m in measured],
            "files": sorted(p.name for p in (folder / "run").rglob("*") if p.is_file() and p.suffix != ".tmp"),
            "comparison": untimed(json.loads(said[said.index("[") :])),
        }

    @staticmethod
    def broken(folder: Path) -> list[str]:
        """Return what of a run's folder cannot be read: between two runs that is nothing."""
        if not RunFolder.is_one(folder / "run"):
            return []
        run = RunFolder.open(folder / "run")
        there = {path.stem for path in (folder / "run" / "cells").glob("*.json")}
        return [f"the cell {key} is there and not whole" for key in there - {m.key for m in run.measured()}]


@pytest.mark.slow
def test_an_experiment_that_was_killed_ends_with_the_same_results_and_comparison(
    starter: Starter, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    tally, one = Tally("eval run, eval compare", "files"), Experiment(starter)
    with Ground("sqlite", pytestconfig, tmp_path, experiment) as ground:
        Trials(tally, starter, ground, one.command, one.results, one.broken).run(share(PART))
    assert tally.wrong == []
