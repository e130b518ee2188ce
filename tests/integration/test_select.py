"""`allabel select` from the command line: rounds, the default strategy, what is listed and explained."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from allabel.document import Document
from allabel.formats.registry import write_documents
from allabel.project import Project

Command = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path, allabel: Command, bc5cdr: Callable[[str, int], list[Document]]) -> Path:
    """A project of 120 sentences with gold."""
    file, folder = tmp_path / "corpus.jsonl", tmp_path / "project"
    write_documents(bc5cdr("train", 120), file)
    assert allabel("init", folder, "--labels", "Chemical,Disease").status == 0
    assert allabel("-p", folder, "import", file).status == 0
    return folder


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_the_default_strategy_goes_on_round_by_round_without_a_server(folder: Path, allabel: Command) -> None:
    # A chat backend without a server: whoever asked it would be refused.
    select = ("-p", folder, "select", "--budget", "15", "--json", "--backend", "chat")
    chosen: list[str] = []
    for n, n_texts in enumerate([3] * 5, start=1):
        ended = allabel(*select)
        assert ended.status == 0, ended.err
        picks = lines(ended.out)
        assert [pick["rank"] for pick in picks] == list(range(len(chosen) + 1, len(chosen) + 1 + n_texts))
        chosen += [pick["id"] for pick in picks]
        assert f"queued {n_texts} texts, round {n} of 5" in ended.err
        waits = f"round {n + 1} of 5 (uncertain_word_coverage) waits for the annotation of {n_texts} queued texts"
        assert (waits in ended.err) == (n < 5)
        said = "the annotator on board tags here: seconds, no LLM tokens"
        assert ended.err.count(said) == (n > 1)
        assert "chat backend" not in ended.err
        if n < 5:
            again = allabel(*select)
            assert lines(again.out) == picks
            assert waits in again.err
        assert allabel("-p", folder, "annotate", "--from-gold").status == 0
    assert len(set(chosen)) == 15
    assert "the selection is complete" in allabel(*select).err


def test_a_token_budget_asks_the_annotator_on_board_once_a_round(folder: Path, allabel: Command) -> None:
    select = ("-p", folder, "select", "--budget", "400tokens")
    allabel(*select)
    allabel("-p", folder, "annotate", "--from-gold")
    assert allabel(*select).err.count("the annotator on board tags here") == 1


def test_the_plan_says_that_the_annotator_on_board_takes_no_tokens(folder: Path, allabel: Command) -> None:
    plan = ("-p", folder, "select", "--budget", "15", "--plan", "--backend", "chat")
    assert "uncertainty: the annotator on board tags here: seconds, no LLM tokens" in allabel(*plan).out
    (data,) = lines(allabel(*plan, "--json").out)
    assert [(s["stage"], s["on_board"], s["n_tagged"]) for s in data["stages"]] == [
        ("word_coverage", False, 0),
        ("uncertain_word_coverage", True, 0),
        ("uncertain_word_coverage#2", True, 0),
        ("uncertain_word_coverage#3", True, 0),
        ("uncertain_word_coverage#4", True, 0),
    ]
    assert data["tagging"] is None


def test_a_strategy_is_a_setting(folder: Path, allabel: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def first(*flags: str) -> str:
        (plan,) = lines(allabel("-p", folder, "select", "--budget", "5", "--plan", "--json", *flags).out)
        return str(plan["stages"][0]["stage"])

    assert first() == "word_coverage"
    (folder / "allabel.toml").write_text('strategy = "uniform"\n', encoding="utf-8")
    assert first() == "uniform"
    monkeypatch.setenv("ALLABEL_STRATEGY", "sum_rank")
    assert first() == "sum_rank"
    assert first("--strategy", "allabel") == "core_set"


@pytest.mark.parametrize("strategy", ["uncertain_coverage", "perplexity", "vote_k"])
def test_a_strategy_that_needs_annotations_says_what_to_do_without(
    folder: Path, allabel: Command, strategy: str
) -> None:
    ended = allabel("-p", folder, "select", "--budget", "5", "--strategy", strategy)
    assert (ended.status, ended.out) == (2, "")
    assert f"'{strategy}'" in ended.err
    assert "learns from annotated texts, and there are none" in ended.err
    assert "remedy: begin with a strategy that needs none, --strategy adaptive" in ended.err
    with Project.open(folder) as project:
        assert project.store.selections() == []


def test_a_first_stage_takes_one_text_also_where_its_share_is_less(folder: Path, allabel: Command) -> None:
    shortest = min(len(d.text.split()) for d in _documents(folder))
    strategy = f"uniform:1,uncertain_coverage:{10 * shortest}"
    ended = allabel("-p", folder, "select", "--budget", f"{2 * shortest}tokens", "--strategy", strategy, "--json")
    assert ended.status == 0
    assert len(lines(ended.out)) == 1
    assert "round 2 of 2 (uncertain_coverage) waits for the annotation of 1 queued text:" in ended.err


def test_strategies_are_listed_without_a_project(tmp_path: Path, allabel: Command) -> None:
    ended = allabel("-p", tmp_path, "select", "--list")
    assert ended.status == 0
    said = {line.split()[0]: line for line in ended.out.splitlines()}
    assert "in 5 rounds" in said["adaptive"]
    assert "[default]" in said["adaptive"]
    assert "needed first" in said["perplexity"]
    assert "none" in said["uniform"]
    assert "Draws texts uniformly without replacement." in said["uniform"]
    rows = {row["name"]: row for row in lines(allabel("-p", tmp_path, "select", "--list", "--json").out)}
    assert rows["allabel"]["chain"] == "core_set:1,sum_rank:3,perplexity:1"
    assert (rows["allabel"]["n_rounds"], rows["allabel"]["needs_annotations"]) == (2, False)
    assert rows["vote_k"]["needs_annotations"]
    assert [name for name, row in rows.items() if row["default"]] == ["adaptive"]
    assert all(row["about"] for row in rows.values())


def test_a_budget_is_asked_for(folder: Path, allabel: Command) -> None:
    ended = allabel("-p", folder, "select")
    assert ended.status == 2
    assert "remedy: allabel select --budget 10%" in ended.err


def test_an_explanation_is_that_of_the_command_explain(folder: Path, allabel: Command) -> None:
    select = ("-p", folder, "select", "--budget", "10", "--strategy", "core_set", "--explain")
    rows = lines(allabel(*select, "--json").out)
    assert len(rows) == 10
    told = {row["id"]: row for row in lines(allabel("-p", folder, "explain", "--all", "--json").out)}
    for row in rows:
        assert row["explanation"] == {key: told[row["id"]][key] for key in row["explanation"]}
        keys = {"n_texts", "n_open", "n_served", "n_alone", "examples", "nearest", "sentence"}
        assert keys == set(row["explanation"])
    printed = allabel(*select).out.splitlines()
    assert [line.strip() for line in printed[1::2]] == [row["explanation"]["sentence"] for row in rows]
    assert "explanation" not in lines(allabel(*select[:-1], "--json").out)[0]


def _documents(folder: Path) -> list[Document]:
    with Project.open(folder) as project:
        return project.store.documents()
