"""Annotate: what the editor is given, what stands beside the text, and what is said where nothing waits."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from app_page import make_project, open_page, said
from editor_stand_in import Beside, Editor, stand_in
from streamlit.testing.v1 import AppTest

from allabel.annotate.llm.calibration import Calibration, Quality, Temperature
from allabel.calibrating import Calibrations, source_of
from allabel.config import FILE_NAME
from allabel.document import DocId, Span
from allabel.outlook import Outlook
from allabel.people.desk import Answer, Desk
from allabel.people.terms import Terms
from allabel.project import LABELS, Project
from allabel.reply import Grounding, Proposal, Reply, Shown, Status, TaggedDocument
from allabel.schema import Label, LabelSchema
from allabel.suggesting import Doing, State
from allabel.worth import Spent, TimeLeft, Worth
from app import state
from app.components.span_editor.ops import Op

SALT, WATER = Span(0, 4, "Reagent"), Span(22, 27, "Solvent")
A1 = DocId("a1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project whose four texts are queued, in the order of their ids, and none is drawn to be blind."""
    made = make_project(tmp_path / "p")
    (made / FILE_NAME).write_text('blind_share = 0.0\nduplicates = "keep"\n', encoding="utf-8")
    with Project.open(made) as project:
        project.select("4", "uniform")
    return made


@pytest.fixture
def stood_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Editor, Beside]:
    return stand_in(folder, monkeypatch)


@pytest.fixture
def editor(stood_in: tuple[Editor, Beside]) -> Editor:
    return stood_in[0]


def first(folder: Path) -> DocId:
    with Project.open(folder) as project:
        return project.store.queue()[0].doc_id


def suggest(folder: Path, id: DocId, *spans: Span, score: float = 0.8) -> TaggedDocument:
    with Project.open(folder) as project:
        text = project.store.document(id).text
        proposals = tuple(Proposal(s.label, text[s.start : s.end], s, Grounding.EXACT, score) for s in spans)
        tagged = TaggedDocument(id, text, Reply(Status.OK, proposals, shown=(Shown(A1),)), "chat", "a-model")
        project.store.add_tagged([tagged])
    return tagged


def desk(project: Project, name: str | None = None) -> Desk:
    person = state.operator()
    if name is not None:
        person = type(person)(name, person.role, True, datetime.now(UTC))
    return Desk(project.store, project.schema, person, project.settings)


def shows(page: AppTest, label: str) -> bool:
    return any(button.label == label for button in page.button)


def test_the_editor_is_given_the_first_text_with_its_labels(
    folder: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page("annotate", folder, monkeypatch)
    assert not page.exception
    assert not page.error
    data = editor.data
    assert data.doc_id == first(folder)
    assert [label.name for label in data.labels] == ["Reagent", "Solvent"]
    assert (data.entities, data.suggestions, data.version, data.draft_n, data.mode) == ((), (), 0, 0, "annotate")
    assert "Chosen as number 1 by uniform" in said(page.caption)


def test_what_was_sent_is_kept_and_the_next_text_given(
    folder: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page("annotate", folder, monkeypatch)
    id = DocId(editor.data.doc_id)
    after = editor.send(page, Op("1", "draft", id, n=1), Op("2", "save", id, entities=(Span(0, 3, "Reagent"),)))
    assert after is not None
    assert after.doc_id != id
    assert after.acked == ("1", "2")
    assert "Saved." in said(page.caption)
    with Project.open(folder) as project:
        assert [answer.entities for answer in project.store.history(id)] == [(Span(0, 3, "Reagent"),)]


def test_a_draft_is_given_back_to_a_new_tab(folder: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_page("annotate", folder, monkeypatch)
    id, mark, refused = editor.data.doc_id, Span(0, 3, "Reagent"), Span(4, 7, "Solvent")
    editor.send(page, Op("1", "draft", id, n=6, entities=(mark,), rejected=(refused,)))
    assert editor.data.draft_n == 6
    open_page("annotate", folder, monkeypatch)
    data = editor.data
    assert (data.doc_id, data.entities, data.rejected, data.draft_n) == (id, (mark,), (refused,), 6)


def test_a_draft_from_an_older_answer_is_given_with_the_conflict(
    folder: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page("annotate", folder, monkeypatch)
    id, mine, theirs = DocId(editor.data.doc_id), Span(0, 3, "Reagent"), Span(4, 7, "Solvent")
    editor.send(page, Op("1", "draft", id, n=6, entities=(mine,)))
    with Project.open(folder) as project:
        saved = desk(project, "bo").save(Answer(id, (theirs,), 0, "s", 1.0))
    open_page("annotate", folder, monkeypatch)
    data = editor.data
    assert data.problem is not None
    assert (data.problem.kind, data.problem.theirs, data.problem.theirs_version) == ("conflict", (theirs,), saved.seq)
    assert (data.entities, data.version, data.draft_n) == ((mine,), 0, 6)


def test_scores_of_suggestions_are_calibrated(folder: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch) -> None:
    id, mark = first(folder), Span(0, 3, "Reagent")
    tagged = suggest(folder, id, mark, score=0.9)
    quality = Quality(0.1, 0.1)
    Calibrations({source_of(tagged): Calibration(Temperature(2.0), 100, quality, quality)}).write(folder)
    open_page("annotate", folder, monkeypatch)
    (found,) = editor.data.suggestions
    assert (found.start, found.end, found.label, found.source) == (0, 3, "Reagent", "a-model")
    assert found.demonstrations == ("a1",)
    assert found.score == pytest.approx(0.75)


def test_a_blind_text_is_given_without_suggestions(
    folder: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    suggest(folder, first(folder), Span(0, 3, "Reagent"))
    (folder / FILE_NAME).write_text("blind_share = 1.0\n", encoding="utf-8")
    open_page("annotate", folder, monkeypatch)
    assert editor.data.blind
    assert editor.data.suggestions == ()


def test_terms_labelled_everywhere_are_suggested_without_crossing_the_models(
    folder: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = first(folder)
    with Project.open(folder) as project:
        words = project.store.document(id).text.split()
        Terms(project.store, project.schema).add(words[0], "Reagent", "ada")
        Terms(project.store, project.schema).add(words[1], "Solvent", "ada")
    suggest(folder, id, Span(0, 2, "Solvent"))
    open_page("annotate", folder, monkeypatch)
    given = [(x.start, x.end, x.label, x.source) for x in editor.data.suggestions]
    start = len(words[0]) + 1
    assert given == [
        (0, 2, "Solvent", "a-model"),
        (start, start + len(words[1]), "Solvent", "labelled everywhere"),
    ]


def test_suggestions_of_a_removed_label_are_left_out(
    folder: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    suggest(folder, first(folder), Span(0, 3, "Reagent"), Span(4, 6, "Solvent"))
    (folder / LABELS).write_text(LabelSchema.of(["Solvent"]).to_toml(), encoding="utf-8")
    open_page("annotate", folder, monkeypatch)
    assert [x.label for x in editor.data.suggestions] == ["Solvent"]


def test_the_guidelines_stand_beside_the_text_as_they_are_written(
    folder: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = (
        Label(name="Reagent", definition="what is *added*", examples=("NaCl",), not_examples=("brine",)),
        Label(name="Solvent"),
    )
    schema = LabelSchema(labels=labels, guidelines="Mark <b>whole</b> names.")
    (folder / LABELS).write_text(schema.to_toml(), encoding="utf-8")
    page = open_page("annotate", folder, monkeypatch)
    told = said([*page.markdown, *page.caption])
    for line in ("Mark <b>whole</b> names.", "what is *added*", "such as NaCl", "but not brine"):
        assert line in told
    assert "\\<b\\>" in "".join(one.value for one in page.markdown), "nothing of it is HTML or Markdown"


def test_the_figures_have_their_rows_before_and_after_they_are_known(
    folder: Path, stood_in: tuple[Editor, Beside], monkeypatch: pytest.MonkeyPatch
) -> None:
    def figures(page: AppTest) -> list[str]:
        (table,) = [one.value for one in page.html if "al-figures" in one.value]
        return str(table).split("<dt>")[1:]

    editor, beside = stood_in
    page = open_page("annotate", folder, monkeypatch)
    before = figures(page)
    assert [row.split("</dd>")[0] for row in before][:2] == ["You, today</dt><dd>0", "An hour</dt><dd>–"]
    worth = Worth(0.012, 0.004, 0.02, 40)
    beside.last = Outlook(40, TimeLeft(200, 100, 300, 12, 9), Spent("texts", 4, 20), worth)
    editor.send(page, Op("1", "save", editor.data.doc_id, seconds=30.0))
    after = figures(page)
    assert [row.split("</dd>")[0] for row in after] == [
        "You, today</dt><dd>1",
        "An hour</dt><dd>120",
        "A text</dt><dd>30 s",
        "Time left</dt><dd>3.3 h (1.7 h to 5.0 h)",
        "Budget</dt><dd>4 of 20 texts (20 %)",
        "Next 20 texts</dt><dd>+1.2 F1 (0.4 to 2.0)",
        "As of</dt><dd>40 annotated",
    ]
    assert len(before) == len(after)


def test_figures_that_could_not_be_worked_out_are_told(
    folder: Path, stood_in: tuple[Editor, Beside], monkeypatch: pytest.MonkeyPatch
) -> None:
    stood_in[1].problem = "the database is locked"
    assert "could not be worked out anew: the database is locked" in said(
        open_page("annotate", folder, monkeypatch).caption
    )


def test_why_there_are_no_suggestions_is_said_with_the_remedy(
    folder: Path, stood_in: tuple[Editor, Beside], monkeypatch: pytest.MonkeyPatch
) -> None:
    stood_in[1].now = State(Doing.FAILED, "the server does not answer", "start it", datetime.now(UTC))
    page = open_page("annotate", folder, monkeypatch)
    assert "No new suggestions: the server does not answer. start it" in said(page.warning)


def test_an_older_answer_is_restored_from_the_history_unless_work_is_unsaved(
    folder: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    id, old, new = first(folder), Span(0, 3, "Reagent"), Span(4, 6, "Solvent")
    with Project.open(folder) as project:
        one = desk(project).save(Answer(id, (old,), 0, "1", 1.0))
        two = desk(project).save(Answer(id, (new,), one.seq or 0, "2", 1.0))
    page = open_page("annotate", folder, monkeypatch)
    page.text_input(key="annotate.goto").set_value(id).run()
    next(b for b in page.button if b.label == "Open").click().run()
    assert (editor.data.doc_id, editor.data.entities, editor.data.answered) == (id, (new,), True)
    editor.send(page, Op("d", "draft", id, version=two.seq or 0, n=1, entities=(old, new)))
    assert page.button(key=f"annotate.restore.{one.seq}").disabled
    editor.send(page, Op("s", "save", id, version=two.seq or 0, entities=(old, new)))
    page.text_input(key="annotate.goto").set_value(id).run()
    next(b for b in page.button if b.label == "Open").click().run()
    page.button(key=f"annotate.restore.{one.seq}").click().run()
    assert editor.data.entities == (old,)
    with Project.open(folder) as project:
        assert [x.entities for x in project.store.history(id)] == [(old,), (new,), (old, new), (old,)]


def test_going_to_a_text_that_is_not_there_says_so(
    folder: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page("annotate", folder, monkeypatch)
    page.text_input(key="annotate.goto").set_value("nowhere").run()
    next(b for b in page.button if b.label == "Open").click().run()
    assert "nowhere" in said(page.error)
    assert editor.data.doc_id == first(folder)


def test_flags_stand_under_the_text_with_their_notes(
    folder: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page("annotate", folder, monkeypatch)
    editor.send(page, Op("1", "flag", editor.data.doc_id, note="two *salts*?"))
    editor.send(page, Op("2", "goto", editor.data.doc_id))
    assert "two *salts*?" in said(page.warning)


def test_demonstrations_behind_a_suggestion_are_shown_and_closed(
    folder: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Project.open(folder) as project:
        desk(project, "bo").save(Answer(A1, (SALT, WATER), 0, "x", 1.0))
    page = open_page("annotate", folder, monkeypatch)
    editor.send(page, Op("1", "demonstrations", editor.data.doc_id, ids=("a1", "gone")))
    assert "a1, by bo" in said(page.caption)
    next(b for b in page.button if b.label == "Close").click().run()
    assert "a1, by bo" not in said(page.caption)


@pytest.mark.parametrize(
    ("done", "told"),
    [
        ("nothing", "The project holds no texts yet"),
        ("imported", "nobody has chosen what to annotate"),
        ("taken", "are still with other people"),
        ("all", "All chosen texts are annotated: 4"),
    ],
)
def test_where_nothing_waits_the_page_says_why_and_where_to_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, done: str, told: str
) -> None:
    folder = tmp_path / "p"
    if done == "nothing":
        Project.create(folder, LabelSchema.of(["Reagent"])).close()
    else:
        make_project(folder)
        (folder / FILE_NAME).write_text('duplicates = "keep"\n', encoding="utf-8")
    with Project.open(folder) as project:
        if done in {"taken", "all"}:
            project.select("4", "uniform")
        if done == "all":
            for n, pick in enumerate(project.store.queue()):
                desk(project).save(Answer(pick.doc_id, (), 0, f"s{n}", 1.0))
        for name in ("bo", "cy", "di", "ed") if done == "taken" else ():
            desk(project, name).next()
    editor, _ = stand_in(folder, monkeypatch)
    page = open_page("annotate", folder, monkeypatch)
    assert editor.given is None
    assert page.title[0].value == "Nothing waits for you"
    assert told in said(page.markdown)
    assert shows(page, "Back to my last text") == (done == "all")
    if done == "all":
        next(b for b in page.button if b.label == "Back to my last text").click().run()
        assert editor.data.answered
