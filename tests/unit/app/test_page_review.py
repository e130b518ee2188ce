"""Review: two answers beside each other and one decision, doubts, flags, mentions that stand nowhere, agreement."""

from pathlib import Path

import pytest
from app_page import TEXTS, make_project, open_page, said
from editor_stand_in import Editor, stand_in
from streamlit.testing.v1 import AppTest

from allabel.config import FILE_NAME
from allabel.document import DocId, Document, Span
from allabel.formats.base import Record
from allabel.people.accounts import Accounts, Person
from allabel.people.desk import Answer, Desk
from allabel.people.marks import flagged
from allabel.people.roles import Role
from allabel.project import Project
from allabel.reply import Grounding, Proposal, Reply, Status, TaggedDocument
from app import state
from app.components.span_editor.ops import Op

A1, A2, A3 = map(DocId, ("a1", "a2", "a3"))
SALT, WATER, WRONG = Span(0, 4, "Reagent"), Span(22, 27, "Solvent"), Span(22, 27, "Reagent")
WORD = "correct horse battery"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project where ada and bo annotate every text, each alone."""
    made = make_project(tmp_path / "p")
    (made / FILE_NAME).write_text("double_share = 1.0\nblind_share = 0.0\n", encoding="utf-8")
    return made


@pytest.fixture
def editor(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Editor:
    return stand_in(folder, monkeypatch)[0]


def desk(project: Project, name: str, *, reviews: bool = False) -> Desk:
    person = Person(name, Role.CURATOR, True, state.operator().at)
    return Desk(project.store, project.schema, person, project.settings, reviews=reviews)


def answer(folder: Path, name: str, id: DocId, *spans: Span) -> None:
    with Project.open(folder) as project:
        one = desk(project, name)
        version = one.open(id).version
        one.save(Answer(id, spans, version, f"{name}-{id}-{version}", 5.0))


def sources(folder: Path, id: DocId) -> list[tuple[str, tuple[Span, ...]]]:
    with Project.open(folder) as project:
        return [(one.source, one.entities) for one in project.store.history(id)]


def view(page: AppTest, name: str) -> AppTest:
    page.session_state["review.view"] = name
    return page.run()


def press(page: AppTest, label: str) -> AppTest:
    return next(button for button in page.button if button.label == label).click().run()


def test_what_both_marked_stands_and_the_rest_is_suggested_under_their_names(
    folder: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(folder, "ada", A1, SALT, WATER)
    answer(folder, "bo", A1, SALT, WRONG)
    page = open_page("review", folder, monkeypatch)
    assert not page.exception
    data = editor.data
    assert (data.doc_id, data.entities, data.mode) == ("a1", (SALT,), "review")
    assert {(x.start, x.end, x.label, x.source) for x in data.suggestions} == {
        (22, 27, "Reagent", "bo"),
        (22, 27, "Solvent", "ada"),
    }
    assert data.project != str(folder), "the browser keeps a reviewer's work apart"
    told = said(page.markdown)
    assert "ada" in told
    assert "bo" in told
    assert "Waiting: 1 with different answers, 0 with the same" in said(page.caption)


def test_a_decision_is_kept_as_a_review_and_the_next_text_shown(
    folder: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for id in (A1, A2):
        answer(folder, "ada", id, Span(0, 3, "Reagent"))
        answer(folder, "bo", id)
    page = open_page("review", folder, monkeypatch)
    version, id = editor.data.version, editor.data.doc_id
    after = editor.send(page, Op("1", "save", id, version=version, entities=(Span(0, 3, "Reagent"),)))
    assert after is not None
    assert after.doc_id == "a2"
    assert sources(folder, DocId(id))[-1] == ("review", (Span(0, 3, "Reagent"),))
    back = editor.send(page, Op("2", "back", "a2"))
    assert back is not None
    assert (back.doc_id, back.entities, back.suggestions) == ("a1", (Span(0, 3, "Reagent"),), ())
    assert not page.error
    editor.send(page, Op("3", "save", "a1", version=back.version))
    assert sources(folder, A1)[-1] == ("review", ())


def test_a_skipped_decision_comes_after_the_others(
    folder: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for id in (A1, A2):
        answer(folder, "ada", id, Span(0, 3, "Reagent"))
        answer(folder, "bo", id)
    page = open_page("review", folder, monkeypatch)
    editor.send(page, Op("1", "skip", "a1"))
    assert editor.data.doc_id == "a2"
    editor.send(page, Op("2", "skip", "a2"))
    assert editor.data.doc_id == "a1"


def test_equal_answers_without_entities_need_one_key(
    folder: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(folder, "ada", A1)
    answer(folder, "bo", A1)
    open_page("review", folder, monkeypatch)
    assert (editor.data.answered, editor.data.entities, editor.data.suggestions) == (True, (), ())


def test_where_nothing_is_to_decide_the_page_says_how_texts_get_two_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_project(tmp_path / "one")
    editor, _ = stand_in(folder, monkeypatch)
    page = open_page("review", folder, monkeypatch)
    assert editor.given is None
    assert "nobody has decided on" in said(page.info)
    assert "double_share = 0.1" in said(page.caption)


def test_a_text_with_another_reviewer_is_left_to_them(
    folder: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(folder, "ada", A1, SALT)
    answer(folder, "bo", A1)
    with Project.open(folder) as project:
        desk(project, "cem", reviews=True).open(A1)
    page = open_page("review", folder, monkeypatch)
    assert "Other reviewers have the texts that are left." in said(page.info)


def test_flags_are_listed_with_their_notes_and_go_when_dealt_with(
    folder: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Project.open(folder) as project:
        desk(project, "ada").flag(A1, "is *this* a salt?", "f1")
    page = view(open_page("review", folder, monkeypatch), "Flags")
    assert "is *this* a salt?" in said(page.markdown)
    assert "ada" in said(page.caption)
    assert any("NaCl was dissolved" in one.value for one in page.html)
    page.text_input[0].set_value("yes").run()
    press(page, "Dealt with")
    assert "Nothing is flagged." in said(page.info)
    with Project.open(folder) as project:
        assert flagged(project.store) == ()


def test_mentions_that_stand_in_no_text_are_listed_with_their_rate(
    folder: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    proposals = (
        Proposal("Reagent", "NaCl", SALT, Grounding.EXACT, 0.9),
        Proposal("Solvent", "brine", None, Grounding.MISSING, 0.5),
    )
    with Project.open(folder) as project:
        project.store.add_tagged([TaggedDocument(A1, TEXTS[0][1], Reply(Status.OK, proposals), "chat", "m")])
    page = view(open_page("review", folder, monkeypatch), "Not in the text")
    rates, found = (one.value for one in page.dataframe)
    assert list(found["mention"]) == ["brine"]
    assert dict(zip(rates["label"], rates["rate"], strict=True)) == {"Solvent": 1.0}


def test_agreement_is_shown_in_figures_and_their_reasons(
    folder: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = view(open_page("review", folder, monkeypatch), "Agreement")
    assert "No text was annotated by two people" in said(page.info)
    answer(folder, "ada", A1, SALT, WATER)
    answer(folder, "bo", A1, SALT, WRONG)
    page = view(open_page("review", folder, monkeypatch), "Agreement")
    figures = {one.label: one.value for one in page.metric}
    assert figures["Strict F1"] == "0.500"
    assert set(figures) == {"Strict F1", "Cohen's kappa, tokens", "Krippendorff's alpha, tokens"}
    assert "1 texts by ada, bo; 0 with one answer" in said(page.caption)


def test_what_a_model_of_the_other_texts_doubts_is_shown_with_both_readings(
    folder: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Project.open(folder) as project:
        sound = [Document(DocId(f"s{i}"), f"NaCl was dissolved in water {i}.", (SALT, WATER)) for i in range(12)]
        records = [Record(n, one) for n, one in enumerate(sound, start=1)]
        project.import_records(records, Path("people.jsonl"), "annotations")
    answer(folder, "ada", A1, SALT, WRONG)
    page = view(open_page("review", folder, monkeypatch), "Model disagrees")
    press(page, "Look for slips")
    assert not page.error
    data = editor.data
    assert (data.doc_id, data.entities) == ("a1", (SALT, WRONG))
    assert [(x.label, x.source) for x in data.suggestions] == [("Solvent", "a model of the others")]
    assert "another label: the answer has “water” Reagent, the model “water” Solvent" in said(page.markdown)
    press(page, "The answer is right")
    assert "Every doubt was looked at." in said(page.info)
    assert sources(folder, A1) == [("app", (SALT, WRONG))]


@pytest.mark.parametrize(("role", "sees"), [(Role.CURATOR, True), (Role.ANNOTATOR, False)])
def test_curators_see_the_page_and_annotators_do_not(
    folder: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch, role: Role, sees: bool
) -> None:
    with Project.open(folder) as project:
        Accounts(project.store).add("boss", Role.ADMIN, WORD)
        Accounts(project.store).add("eve", role, WORD)
    page = open_page("review", folder, monkeypatch)
    page.text_input(key="allabel.name").set_value("eve")
    page.text_input(key="allabel.password").set_value(WORD)
    press(page, "Sign in")
    assert any(one.value == "Review" for one in page.title) == sees
