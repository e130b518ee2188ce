"""Several selections of one project: which of them goes on, and what is refused as a strategy."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from allabel.document import DocId
from allabel.project import Project
from allabel.store.records import Pick, Selection

SOLVENTS = ("water", "toluene", "ethanol", "DMF")


@pytest.fixture
def filled(allabel: Any, tmp_path: Path) -> Path:
    """A project of 60 texts with gold."""
    entities = [{"start": 0, "end": 4, "label": "Chemical"}]
    rows = [
        {"id": f"t{i}", "text": f"NaCl was added to {SOLVENTS[i % 4]} in {i} portions of run{i}", "entities": entities}
        for i in range(60)
    ]
    file = tmp_path / "gold.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert allabel("init", tmp_path / "p", "--labels", "Chemical").status == 0
    assert allabel("-p", tmp_path / "p", "import", file).status == 0
    return tmp_path / "p"


def queued(out: str) -> list[str]:
    return [json.loads(line)["id"] for line in out.splitlines()]


def test_the_same_budget_in_other_words_goes_on_and_another_one_says_what_it_leaves(allabel: Any, filled: Path) -> None:
    chain = ("--strategy", "uniform:1,perplexity:1", "--json")
    first = allabel("-p", filled, "select", "--budget", "6min", *chain)
    assert f"allabel -p {filled} select --budget 6min --strategy uniform:1,perplexity:1" in first.err
    again = allabel("-p", filled, "select", "--budget", "0.1h", *chain)
    assert queued(again.out) == queued(first.out)
    other = allabel("-p", filled, "select", "--budget", "2", "--strategy", "uniform", "--json")
    assert "round 2 of 2 of an earlier selection is still to come" in other.err
    assert f"allabel -p {filled} select --budget 6min --strategy uniform:1,perplexity:1" in other.err
    allabel("-p", filled, "annotate", "--from-gold")
    on = allabel("-p", filled, "select", "--budget", "6min", *chain)
    assert {json.loads(line)["stage"] for line in on.out.splitlines()} == {"perplexity"}
    (left,) = json.loads(allabel("-p", filled, "status", "--json").out)["selections"] or [None]
    assert left is None


def test_status_says_which_selection_waits(allabel: Any, filled: Path) -> None:
    allabel("-p", filled, "select", "--budget", "6", "--strategy", "uniform:1,perplexity:1")
    (waiting,) = json.loads(allabel("-p", filled, "status", "--json").out)["selections"]
    assert (waiting["next_round"], waiting["rounds"], waiting["waits_for"]) == (2, 2, 3)
    assert (
        "uniform:1,perplexity:1 6 (seed 0): round 2 of 2 is next, 3 texts to annotate"
        in allabel("-p", filled, "status").out
    )


@pytest.mark.parametrize(
    ("strategy", "says"),
    [
        (":1", "no strategy"),
        ("core_set:1e308,sum_rank:1e308", "too large"),
        ("os:getcwd", "is no strategy"),
        ("json:JSONDecoder", "is no strategy"),
        ("os:path", "is no strategy"),
        ("uniform:1,adaptive:1", "a chain of its own"),
    ],
)
def test_what_is_no_strategy_is_refused_without_a_traceback(
    allabel: Any, filled: Path, strategy: str, says: str
) -> None:
    ended = allabel("-p", filled, "select", "--budget", "5", "--strategy", strategy)
    assert ended.status == 2
    assert says in ended.err


def test_status_survives_a_selection_by_a_strategy_that_is_gone(allabel: Any, filled: Path) -> None:
    with Project.open(filled) as project:
        gone = Selection(None, "nowhere.at.all:Thing", "5", 1, 0, datetime.now(UTC))
        project.store.add_selection(gone, [Pick(DocId("t1"), "thing", 1, 1.0, "once", 0)])
    ended = allabel("-p", filled, "status", "--json")
    assert ended.status == 0
    (selection,) = json.loads(ended.out)["selections"]
    assert "cannot be imported" in selection["problem"]
    assert "nowhere.at.all:Thing 5 (seed 0): cannot go on" in allabel("-p", filled, "status").out
    assert allabel("-p", filled, "select", "--budget", "2").status == 0
