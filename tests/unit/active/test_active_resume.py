"""A run that is killed goes on, and its rounds are those of a run that nobody disturbed."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from counting_tagger import CountingTagger, a_pool, accuracy

from allabel.active.design import Design
from allabel.active.loop import active_learning
from allabel.errors import InputError

HERE = Path(__file__).parent
CHOICES = {"query": "random", "level": "entity", "schedule": "5%x5", "start_share": 0.05, "seed": 3}
DESIGN = Design(**CHOICES)


def run(journal=None, design=DESIGN, pool=None, tell=lambda line: None):
    test = a_pool(40, seed=9)
    pool = a_pool() if pool is None else pool
    return list(active_learning(pool, CountingTagger, design, lambda t: accuracy(t, test), journal=journal, tell=tell))


def kill_in(journal: Path, choices: dict, number: int, where: str) -> None:
    """Start the run in a process of its own and kill it -9 in the middle of a round."""
    script = [sys.executable, str(HERE / "killed_run.py"), str(journal), json.dumps(choices), str(number), where]
    process = subprocess.Popen(script, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(HERE)})
    assert process.stdout is not None
    assert process.stdout.readline() == "there\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()


@pytest.mark.parametrize(
    ("number", "where", "incremental"), [(0, "fit", False), (3, "fit", False), (3, "fit", True), (2, "kept", True)]
)
def test_a_run_killed_in_a_round_goes_on_as_if_nobody_had_disturbed_it(tmp_path, number, where, incremental):
    journal = tmp_path / "run.jsonl"
    choices = {**CHOICES, "incremental": incremental}
    kill_in(journal, choices, number, where)
    assert len(journal.read_text().splitlines()) == 2 + number
    fresh = run(design=Design(**choices))
    assert run(journal, Design(**choices)) == fresh
    # And once more from the finished journal, which trains nothing.
    assert run(journal, Design(**choices)) == fresh


def test_kept_rounds_are_not_trained_again(tmp_path):
    journal = tmp_path / "run.jsonl"
    run(journal)

    class Untrainable(CountingTagger):
        def fit(self, sentences, *, seed, tell=lambda line: None):
            raise AssertionError("trained again")

    rounds = list(active_learning(a_pool(), Untrainable, DESIGN, lambda tagger: {}, journal=journal))
    assert rounds == run()


def test_a_tagger_that_learns_on_has_one_set_of_weights_beside_the_journal(tmp_path):
    journal = tmp_path / "run.jsonl"
    run(journal, replace(DESIGN, incremental=True))
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["run.jsonl", "run.jsonl.tagger-5"]


def test_a_disk_that_refuses_the_weights_is_named_and_the_rounds_before_are_kept(tmp_path):
    journal = tmp_path / "run.jsonl"

    class Full(CountingTagger):
        def save(self, folder):
            if folder.name.endswith("-2"):
                raise OSError(28, "No space left on device", str(folder))
            super().save(folder)

    design = replace(DESIGN, incremental=True)
    with pytest.raises(InputError) as error:
        list(active_learning(a_pool(), Full, design, lambda t: accuracy(t, a_pool(40, seed=9)), journal=journal))
    assert f"{journal}.tagger-2: the tagger cannot be saved: No space left on device" in str(error.value)
    assert f"the rounds before it are kept in {journal}" in str(error.value)
    assert run(journal, design) == run(design=design)


def test_a_torn_line_costs_one_round(tmp_path):
    journal = tmp_path / "run.jsonl"
    run(journal)
    journal.write_bytes(journal.read_bytes()[:-20])
    told = []
    assert run(journal, tell=told.append) == run()
    assert "cut short" in told[0]
    assert "up to 4 are done" in told[1]


def test_a_journal_of_another_design_pool_or_tagger_is_refused(tmp_path):
    journal = tmp_path / "run.jsonl"
    run(journal, replace(DESIGN, n_rounds=1))
    for design, pool, message in (
        (replace(DESIGN, n_rounds=1, query="breaking_ties"), None, "'random' there and 'breaking_ties' here"),
        (replace(DESIGN, n_rounds=1, tagger="other"), None, "design.tagger"),
        (replace(DESIGN, n_rounds=1, measured_on="other texts"), None, "design.measured_on"),
        (replace(DESIGN, n_rounds=1), a_pool(61), "pool.n_sentences is 60 there and 61 here"),
    ):
        with pytest.raises(InputError, match=message):
            run(journal, design, pool)


def test_a_line_that_no_run_writes_is_refused(tmp_path):
    journal = tmp_path / "run.jsonl"
    run(journal, replace(DESIGN, n_rounds=1))
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(lines[:2] + lines[3:]))
    with pytest.raises(InputError, match=r"line 3: .*round 1 stands where round 0 should"):
        run(journal, replace(DESIGN, n_rounds=1))
