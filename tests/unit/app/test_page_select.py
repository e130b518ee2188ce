"""Select: the plan before the choice, the choice with its reasons, and strategies on the map without queuing."""

import time
from pathlib import Path

import pytest
from app_page import make_project, open_page, said

from allabel.errors import InputError
from allabel.project import Project


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_project(tmp_path / "p")


def test_a_plan_is_shown_before_anything_is_queued(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_page("select", folder, monkeypatch)
    page.selectbox(key="select.unit").set_value("texts").run()
    page.number_input(key="select.amount.texts").set_value(2.0).run()
    page.selectbox(key="select.strategy").set_value("core_set").run()
    assert next((one.label, one.value) for one in page.metric) == ("Texts", "2")
    with Project.open(folder) as project:
        assert not project.store.queue()


def test_choosing_queues_the_texts_and_shows_the_reason_for_each(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_page("select", folder, monkeypatch)
    page.selectbox(key="select.unit").set_value("texts").run()
    page.number_input(key="select.amount.texts").set_value(2.0).run()
    page.selectbox(key="select.strategy").set_value("core_set").run()
    next(b for b in page.button if b.label == "Choose these texts").click().run()
    assert "Queued 2 texts." in said(page.success)
    shown = page.dataframe[-2].value if "id" not in page.dataframe[-1].value else page.dataframe[-1].value
    with Project.open(folder) as project:
        queue = project.store.queue()
    assert list(shown["id"]) == [pick.doc_id for pick in queue]
    assert list(shown["why"]) == [pick.reason for pick in queue]


def test_what_was_chosen_gets_suggestions_before_anybody_opens_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_project(tmp_path / "begun", annotated=2)
    open_page("annotate", folder, monkeypatch)
    page = open_page("select", folder, monkeypatch)
    page.selectbox(key="select.unit").set_value("texts").run()
    page.number_input(key="select.amount.texts").set_value(2.0).run()
    page.selectbox(key="select.strategy").set_value("core_set").run()
    next(b for b in page.button if b.label == "Choose these texts").click().run()
    until = time.monotonic() + 120
    with Project.open(folder) as project:
        while len(project.store.tagged()) < 2 and time.monotonic() < until:
            time.sleep(0.1)
        assert {pick.doc_id for pick in project.store.queue()} == project.store.tagged().keys()


def test_a_selection_in_rounds_says_what_it_waits_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_page("select", folder, monkeypatch)
    page.selectbox(key="select.unit").set_value("texts").run()
    page.number_input(key="select.amount.texts").set_value(4.0).run()
    next(b for b in page.button if b.label == "Choose these texts").click().run()
    assert "waits for the annotation of" in said(page.info)


def test_a_budget_that_cannot_be_met_is_told_with_a_remedy(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_page("select", folder, monkeypatch)
    page.selectbox(key="select.unit").set_value("minutes").run()
    page.number_input(key="select.amount.minutes").set_value(0.5).run()
    page.selectbox(key="select.unit").set_value("texts").run()
    page.number_input(key="select.amount.texts").set_value(2.5).run()
    assert "is not a whole number of texts" in said(page.error)
    assert not page.exception


def test_strategies_are_compared_without_queuing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_page("select", folder, monkeypatch)
    page.multiselect(key="select.compared").set_value(["core_set", "uniform"]).run()
    next(b for b in page.button if b.label == "Draw the map").click().run()
    assert not page.error
    rows = next(one.value for one in page.dataframe if "chosen by no other" in one.value)
    assert list(rows["strategy"]) == ["core_set", "uniform"]
    with Project.open(folder) as project:
        assert not project.store.queue()
        assert not project.store.selections()


def test_a_strategy_that_needs_annotations_says_so_and_the_others_are_still_drawn(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page("select", folder, monkeypatch)
    page.multiselect(key="select.compared").set_value(["perplexity", "uniform"]).run()
    next(b for b in page.button if b.label == "Draw the map").click().run()
    assert "learns from annotated texts" in said(page.error)
    rows = next(one.value for one in page.dataframe if "chosen by no other" in one.value)
    assert list(rows["strategy"]) == ["uniform"]


@pytest.mark.parametrize("strategy", ["core_set", "word_coverage", "adaptive"])
def test_a_preview_is_what_the_selection_then_queues_first(folder: Path, strategy: str) -> None:
    with Project.open(folder) as project:
        previewed = project.preview("3", strategy, 5)
        assert not project.store.selections()
        queued = project.select("3", strategy, 5).picks
    assert [(p.doc_id, p.stage, p.rank, p.reason) for p in previewed] == [
        (p.doc_id, p.stage, p.rank, p.reason) for p in queued
    ]


def test_a_preview_asks_no_language_model(folder: Path) -> None:
    with (
        Project.open(folder, backend="chat", base_url="http://127.0.0.1:9", model="m") as project,
        pytest.raises(InputError, match="a preview asks no language model"),
    ):
        project.preview("3", "perplexity")
