"""Nothing a person did is lost: reloads, a killed server, a second tab."""

from pathlib import Path
from typing import Any

import pytest
from editing import Case

pytestmark = [pytest.mark.e2e, pytest.mark.enable_socket]

KEPT = "Object.keys(localStorage).filter((key) => key.startsWith('allabel:op:'))"


def test_every_change_reaches_python_as_a_draft(case: Case) -> None:
    case.show("THF and water").keys("1")
    draft = case.wait("draft")
    assert (case.entities(draft), draft["n"]) == ([(0, 3, "Solvent")], 1)
    case.keys("Delete")
    assert case.wait("draft", 2)["n"] == 2


def test_a_reload_right_after_a_key_loses_nothing(case: Case) -> None:
    case.show("THF and water").keys("1")
    case.page.reload()
    case.page.wait_for_selector(".se[data-ready=true]")
    assert case.mentions == [("THF", "Solvent")]


def test_work_done_while_the_server_is_dead_arrives_when_it_is_back(
    case: Case, server: Any, page: Any, tmp_path: Path
) -> None:
    case.show("THF and water", "The next text.").keys("1")
    case.wait("draft")
    server.kill9()
    case.keys("ArrowRight", "ArrowRight", "2", "Enter")
    assert case.said == "Saving…"
    page.wait_for_selector("text=Not saved yet; kept in this browser", timeout=40_000)
    assert case.ops("save") == []
    server.restart()
    saved = case.wait("save", timeout_s=60)
    assert case.entities(saved) == [(0, 3, "Solvent"), (8, 13, "Reagent")]
    page.wait_for_selector("text=The next text.", timeout=90_000)
    page.wait_for_timeout(500)
    assert len(case.ops("save")) == 1


def test_a_page_closed_while_the_server_is_dead_sends_when_it_is_opened_again(
    case: Case, server: Any, page: Any
) -> None:
    case.show("THF and water", "The next text.")
    server.kill9()
    case.keys("1", "Enter")
    page.goto("about:blank")
    server.restart()
    case.open(page)
    saved = case.wait("save")
    assert case.entities(saved) == [(0, 3, "Solvent")]
    page.wait_for_selector("text=The next text.")


def test_an_op_that_the_server_does_not_acknowledge_is_sent_again(case: Case, tmp_path: Path, page: Any) -> None:
    case.show("THF and water", "The next text.")
    (tmp_path / "refuse").touch()
    case.keys("1", "Enter")
    page.wait_for_selector("text=Not saved yet; kept in this browser", timeout=40_000)
    (tmp_path / "refuse").unlink()
    assert case.entities(case.wait("save", timeout_s=30)) == [(0, 3, "Solvent")]
    page.wait_for_selector("text=The next text.")


def test_edits_wait_while_a_text_is_being_saved(case: Case, tmp_path: Path, page: Any) -> None:
    case.show("THF and water", "The next text.")
    (tmp_path / "refuse").touch()
    case.keys("1", "Enter", "ArrowRight", "2", "Enter", "-")
    assert case.said == "Saving: wait for the next text."
    assert case.mentions == [("THF", "Solvent")]


def test_a_second_tab_does_not_delete_what_the_first_has_not_sent(case: Case, tmp_path: Path, page: Any) -> None:
    case.show("THF and water", "The next text.")
    (tmp_path / "refuse").touch()
    case.keys("1", "Enter")
    first = set(page.evaluate(KEPT))
    assert len(first) == 2
    second = page.context.new_page()
    case.open(second)
    assert first <= set(second.evaluate(KEPT))
    second.close()
    assert first <= set(page.evaluate(KEPT))
    (tmp_path / "refuse").unlink()
    case.wait("save", timeout_s=30)
    page.wait_for_selector("text=The next text.")
    assert len(case.ops("save")) == 1


def test_a_newer_draft_of_another_tab_is_taken_over(case: Case, page: Any) -> None:
    case.show("THF and water").keys("1")
    case.wait("draft")
    second = page.context.new_page()
    case.open(second)
    second.keyboard.press("ArrowRight")
    second.keyboard.press("ArrowRight")
    second.keyboard.press("2")
    case.wait("draft", 2)
    page.bring_to_front()
    page.click(".se-label[data-label=Solvent]")
    page.fill("input[aria-label=Elsewhere]", "wake")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=changed in another tab")
    assert case.mentions == [("THF", "Solvent"), ("water", "Reagent")]


def test_an_op_without_sense_is_a_problem_and_no_crash(case: Case, page: Any) -> None:
    case.show("THF and water")
    prefix = f"allabel:op:{case.folder / 'case.json'}:anna:"
    page.evaluate("(key) => localStorage.setItem(key, JSON.stringify({id: 'x', op: 'explode', at: 1}))", prefix + "x")
    page.evaluate("(key) => localStorage.setItem(key, '{not json')", prefix + "y")
    case.open(page)
    wrong = case.wait("wrong")
    assert "the browser sent what is no op" in wrong["problem"]
    page.wait_for_function("(key) => !localStorage.getItem(key)", arg=prefix + "x")
    assert "the browser sent what is no op" in page.inner_text(".se-problem")
