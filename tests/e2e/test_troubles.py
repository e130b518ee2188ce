"""What goes wrong in the middle of work: each is said in clear words, and no mark is lost by it."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from at_work import WORD, Worker, themed

from allabel.config import FILE_NAME
from allabel.document import DocId, Document, Span
from allabel.formats.base import Record
from allabel.people.accounts import Accounts
from allabel.people.roles import Role
from allabel.project import DATABASE, LABELS, Project
from allabel.schema import LabelSchema
from app.cli import ENTRY

pytestmark = [pytest.mark.e2e, pytest.mark.enable_socket]

KEYS = {"Salt": "1", "Solvent": "2"}
SCHEMA = LabelSchema.of(["Salt", "Solvent"])
TEXT = "NaCl in water"
SALT, WATER = Span(0, 4, "Salt"), Span(8, 13, "Solvent")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project of three texts for two people."""
    made = tmp_path / "p"
    with Project.create(made, SCHEMA) as project:
        documents = [Document(DocId(f"t{n}"), f"{TEXT} no. {n}") for n in range(3)]
        project.import_records([Record(n, one) for n, one in enumerate(documents, 1)], Path("x"), "texts")
        for name in ("ada", "bo"):
            Accounts(project.store).add(name, Role.ANNOTATOR, WORD)
    (made / FILE_NAME).write_text('duplicates = "keep"\nblind_share = 0.0\n', encoding="utf-8")
    with Project.open(made) as project:
        project.select("3", "uniform")
    return made


@pytest.fixture
def server(folder: Path, served: Callable[..., Any]) -> Any:
    return served(ENTRY, env=themed(folder))


@pytest.fixture
def ada(server: Any, page: Any, tmp_path: Path) -> Worker:
    """Ada, signed in, with the first text in hand."""
    page.set_default_timeout(30_000)
    worker = Worker(tmp_path, server, page, KEYS)
    worker.sign_in("ada")
    return worker.ready()


@pytest.fixture
def bo(server: Any, chromium: Any, tmp_path: Path) -> Iterator[Worker]:
    """Bo's browser, not signed in yet."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(30_000)
    yield Worker(tmp_path, server, page, KEYS)
    context.close()


def kept(folder: Path, id: str) -> list[tuple[str, set[Span]]]:
    with Project.open(folder) as project:
        return [(one.author, {*one.entities}) for one in project.store.history(DocId(id))]


def draft(folder: Path, id: str) -> set[Span]:
    with closing(sqlite3.connect(folder / DATABASE)) as db:
        row = db.execute("SELECT entities FROM drafts WHERE doc_id = ?", (id,)).fetchone()
    return set() if row is None else {Span(*one) if isinstance(one, list) else Span(**one) for one in _json(row[0])}


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str | bytes) else value


def change(folder: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(folder / DATABASE, timeout=20)) as db, db:
        db.execute(statement, values)


def waits_for(worker: Worker, words: str) -> None:
    """Wait until the editor says something above the text."""
    worker.page.locator(".se-problem", has_text=words).wait_for()


def test_after_a_session_that_ended_the_work_is_there(ada: Worker, folder: Path) -> None:
    doc = ada.doc
    ada.mark(SALT)
    ada.settled()
    change(folder, "DELETE FROM sessions")
    ada.mark(WATER)
    ada.page.get_by_text("Your session ended; sign in again, your work is kept.").wait_for()
    ada.sign_in("ada")
    ada.ready()
    assert ada.doc == doc
    assert ada.spans("confirmed") == {SALT, WATER}
    ada.leave("Enter")
    assert kept(folder, doc) == [("ada", {SALT, WATER})]


def test_a_person_who_is_let_in_no_more_is_told_and_their_draft_stays(ada: Worker, folder: Path) -> None:
    doc = ada.doc
    ada.mark(SALT)
    ada.settled()
    with Project.open(folder) as project:
        Accounts(project.store).deactivate("ada")
    ada.mark(WATER)
    ada.page.get_by_text("Your session ended").wait_for()
    ada.sign_in("ada")
    ada.page.get_by_text("The name or the password is wrong").wait_for()
    assert draft(folder, doc) == {SALT}
    assert kept(folder, doc) == []
    with Project.open(folder) as project:
        Accounts(project.store).activate("ada")
    ada.sign_in("ada")
    ada.ready()
    assert ada.spans("confirmed") == {SALT, WATER}, "the browser kept what the server would not take"


def test_a_second_tab_shows_both_versions_and_overwrites_neither(ada: Worker, folder: Path) -> None:
    doc = ada.doc
    tab = Worker(ada.folder, ada.server, ada.page.context.new_page(), KEYS)
    tab.page.goto(ada.server.url)
    tab.ready()
    assert tab.doc == doc
    ada.mark(SALT)
    ada.leave("Enter")
    tab.mark(WATER)
    tab.keys("Enter")
    waits_for(tab, "You saved this text at")
    assert "in another tab" in tab.problem
    assert "“NaCl” Salt" in tab.problem
    assert "“water” Solvent" in tab.problem
    assert kept(folder, doc) == [("ada", {SALT})]
    tab.keys("k")
    tab.goes_on(doc)
    assert kept(folder, doc) == [("ada", {SALT}), ("ada", {WATER})]


@pytest.mark.parametrize("choice", ["t", "k"])
def test_two_people_who_both_save_see_both_answers_and_choose(
    ada: Worker, bo: Worker, folder: Path, choice: str
) -> None:
    doc = ada.doc
    ada.mark(SALT)
    ada.settled()
    # As after half an hour of doing nothing.
    change(folder, "UPDATE leases SET until = '2020-01-01 00:00:00.000000' WHERE person = 'ada'")
    bo.sign_in("bo")
    bo.ready()
    assert bo.doc == doc
    bo.mark(WATER)
    bo.leave("Enter")
    ada.keys("Enter")
    waits_for(ada, "bo saved this text at")
    assert "Only bo has (of 1" in ada.problem
    assert "“water” Solvent" in ada.problem
    assert "“NaCl” Salt" in ada.problem
    assert kept(folder, doc) == [("bo", {WATER})]
    # The choice is still there after a reload.
    ada.page.reload()
    waits_for(ada, "bo saved this text at")
    assert ada.spans("confirmed") == {SALT}
    ada.page.locator(".se-problem button").first.focus()
    ada.keys(choice)
    if choice == "k":
        ada.goes_on(doc)
        assert kept(folder, doc) == [("bo", {WATER}), ("ada", {SALT})]
    else:
        ada.page.wait_for_function("() => document.querySelector('.se-problem').hidden")
        ada.settled()
        assert ada.spans("confirmed") == {WATER}
        ada.keys("Control+z")
        assert ada.spans("confirmed") == {SALT}, "undo brings one's own back"
        assert kept(folder, doc) == [("bo", {WATER})]


def test_a_locked_database_is_waited_for_and_nothing_is_lost(ada: Worker, folder: Path) -> None:
    doc = ada.doc
    with closing(sqlite3.connect(folder / DATABASE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        ada.mark(SALT)
        ada.keys("Enter")
        waits_for(ada, "Not saved yet: Another program is writing to it and did not finish in time")
        assert "sent again by itself" in ada.problem
        assert ada.spans("confirmed") == {SALT}
        other.execute("ROLLBACK")
    ada.goes_on(doc)
    assert kept(folder, doc) == [("ada", {SALT})]


def test_a_project_that_is_moved_away_is_missed_and_found_again(ada: Worker, folder: Path) -> None:
    doc = ada.doc
    ada.mark(SALT)
    ada.settled()
    folder.rename(folder.with_name("away"))
    ada.mark(WATER)
    ada.page.get_by_role("heading", name="The project cannot be opened").wait_for()
    ada.page.get_by_text("The project is not here any more").wait_for()
    ada.page.get_by_text("This page goes on by itself as soon as the project can be opened").wait_for()
    folder.with_name("away").rename(folder)
    ada.ready()
    assert ada.doc == doc
    assert ada.spans("confirmed") == {SALT, WATER}
    ada.leave("Enter")
    assert kept(folder, doc) == [("ada", {SALT, WATER})]


def test_a_label_that_was_removed_is_named_and_can_be_replaced(ada: Worker, folder: Path) -> None:
    doc = ada.doc
    ada.mark(SALT, WATER)
    ada.settled()
    (folder / LABELS).write_text(LabelSchema.of(["Solvent"]).to_toml(), encoding="utf-8")
    ada.keys("Enter")
    waits_for(ada, "The label 'Salt'")
    assert "is not among the labels any more" in ada.problem
    assert "What to do: give it another label" in ada.problem
    assert ada.said == "Not saved: the reason stands above the text."
    assert ada.spans("confirmed") == {SALT, WATER}
    assert kept(folder, doc) == []
    ada.keys("ArrowUp", "ArrowUp")
    assert ada.said.startswith("“NaCl”: Salt") or ada.said == "That was the first one."
    ada.keys("Delete")
    ada.leave("Enter")
    assert kept(folder, doc) == [("ada", {WATER})]


def test_a_reload_in_the_middle_keeps_marks_and_the_way_back(ada: Worker, folder: Path) -> None:
    doc = ada.doc
    ada.mark(SALT, WATER)
    ada.page.reload()
    ada.ready()
    assert ada.doc == doc
    assert ada.spans("confirmed") == {SALT, WATER}
    ada.keys("Control+z")
    assert ada.spans("confirmed") == {SALT}
    ada.keys("Control+z")
    assert ada.spans("confirmed") == set()
    ada.keys("Control+y", "Control+y")
    ada.leave("Enter")
    assert kept(folder, doc) == [("ada", {SALT, WATER})]
