"""`allabel eval active`: rounds on gold by the annotator that needs no torch."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    """Eighty sentences of the shipped corpus."""
    lines = (ROOT / "eval/demo/data/pool.jsonl").read_text(encoding="utf-8").splitlines()[:80]
    path = tmp_path / "gold.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


ARGUMENTS = ("--tagger", "crf", "--start-share", "0.2", "--schedule", "10%", "--rounds", "2", "--json")


def test_rounds_come_as_data_and_their_scores_are_kept_for_curves(allabel, gold: Path, tmp_path: Path) -> None:
    record = tmp_path / "runs.jsonl"
    ended = allabel("eval", "active", gold, *ARGUMENTS, "--record", record)
    assert ended.status == 0, ended.err
    rounds = [json.loads(line) for line in ended.out.splitlines()]
    assert [one["number"] for one in rounds] == [0, 1, 2]
    assert rounds[0]["n_words"] < rounds[1]["n_words"] < rounds[2]["n_words"]
    assert rounds[2]["scores"]["strict_micro_f1"] > 0.2
    rows = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
    assert [row["n_tokens"] for row in rows if row["metric"] == "strict_micro_f1"] == [r["n_words"] for r in rounds]


def test_runs_that_treat_rare_types_otherwise_are_other_curves(allabel, gold: Path, tmp_path: Path) -> None:
    record = tmp_path / "runs.jsonl"
    for way in ("none", "scr"):
        assert allabel("eval", "active", gold, *ARGUMENTS, "--imbalance", way, "--record", record).status == 0
    rows = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
    plain, other = dict.fromkeys(row["method"] for row in rows)
    assert other == f"{plain}, scr"


def test_a_run_goes_on_from_its_journal(allabel, gold: Path, tmp_path: Path) -> None:
    journal = tmp_path / "rounds.jsonl"
    short = [*ARGUMENTS, "--journal", journal]
    whole = allabel("eval", "active", gold, *ARGUMENTS).out.splitlines()
    first = allabel("eval", "active", gold, *short)
    # As if it had been killed in the last round.
    lines = journal.read_text(encoding="utf-8").splitlines(keepends=True)
    journal.write_text("".join(lines[:-1]), encoding="utf-8")
    again = allabel("eval", "active", gold, *short)
    assert first.status == again.status == 0
    numbers = [[(r["n_words"], r["scores"]) for r in map(json.loads, out)] for out in (whole, again.out.splitlines())]
    assert numbers[0] == numbers[1]


def test_a_journal_of_scores_on_other_test_texts_is_refused(allabel, gold: Path, tmp_path: Path) -> None:
    lines = (ROOT / "eval/demo/data/pool.jsonl").read_text(encoding="utf-8").splitlines()
    ended = []
    for name, some in (("one", lines[80:90]), ("two", lines[90:100])):
        test = tmp_path / f"{name}.jsonl"
        test.write_text("\n".join(some) + "\n", encoding="utf-8")
        ended.append(allabel("eval", "active", gold, *ARGUMENTS, "--test", test, "--journal", tmp_path / "run.jsonl"))
    assert [one.status for one in ended] == [0, 2]
    assert "design.measured_on" in ended[1].err


def test_texts_without_gold_are_refused_with_the_first_of_them(allabel, tmp_path: Path) -> None:
    path = tmp_path / "texts.jsonl"
    path.write_text('{"id": "a", "text": "NaCl in water"}\n', encoding="utf-8")
    ended = allabel("eval", "active", path, *ARGUMENTS)
    assert ended.status == 2
    assert "'a'" in ended.err
    assert "entities" in ended.err


@pytest.mark.parametrize(
    ("flag", "value", "named"),
    [
        ("--query", "breaking", "breaking_ties"),
        ("--level", "word", "'sentence', 'entity', 'token'"),
        ("--schedule", "x", "'x'"),
    ],
)
def test_what_is_not_known_is_refused_with_what_is(allabel, gold: Path, flag: str, value: str, named: str) -> None:
    ended = allabel("eval", "active", gold, *ARGUMENTS, flag, value)
    assert ended.status == 2
    assert named in ended.err


def test_a_query_for_whole_sentences_is_refused_for_words(allabel, gold: Path) -> None:
    ended = allabel("eval", "active", gold, *ARGUMENTS, "--query", "mnlp", "--level", "entity")
    assert ended.status == 2
    assert "mnlp" in ended.err
