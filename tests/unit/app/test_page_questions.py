"""Questions: what the page asks, what it does with what the browser sends, and what a curator can have asked more."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from app_page import make_project, open_page, said
from at_the_desk import NOW, SCHEMA, locked
from editor_stand_in import Beside, stand_in
from streamlit.testing.v1 import AppTest

from allabel.active.questions import Wanted
from allabel.config import FILE_NAME, Settings
from allabel.document import DocId, Document, Span
from allabel.finetuning import ask, finetune
from allabel.people.accounts import Person
from allabel.people.asking import Asked, QuestionDesk
from allabel.people.roles import Role
from allabel.project import Project
from allabel.store import Store
from allabel.store.questions import Asking, Question, QuestionAnswer, Says, add_asking, standing
from app import state
from app.components import asset
from app.components.question.component import SCRIPTS
from app.components.question.data import AskData, Reply, offsets, payload, read_replies, shown
from app.pages import questions
from app.pages.questions.replies import Replies


@dataclass
class Browser:
    """The component of the page: what it was last given, and what it sends next."""

    given: AskData | None = None
    waiting: list[Reply] = field(default_factory=list)

    def draw(self, data: AskData, key: str, on_replies: Callable[[], None]) -> None:
        self.given = data
        if self.waiting:
            on_replies()
            self.waiting = []

    def send(self, page: AppTest, *replies: Reply) -> AskData:
        self.waiting = list(replies)
        page.run()
        page.run()
        assert self.given is not None
        return self.given


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two of four texts are annotated, and a model that learned from them asked five questions."""
    made = make_project(tmp_path / "p", annotated=2)
    (made / FILE_NAME).write_text('[finetune]\ntagger = "stand_in_tagger:ByHeart"\n', encoding="utf-8")
    with Project.open(made) as project:
        finetune(project)
        assert ask(project, Wanted(5, "entity")) == 5
    return made


@pytest.fixture
def browser(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Browser:
    made = Browser()
    monkeypatch.setattr(questions, "ask", made.draw)
    monkeypatch.setattr(questions, "pending_replies", lambda _: made.waiting)
    return made


@pytest.fixture
def beside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Beside:
    return stand_in(folder, monkeypatch)[1]


def answers(folder: Path) -> list[QuestionAnswer]:
    with Project.open(folder) as project, project.store.reads() as connection:
        return standing(connection)


def test_the_page_asks_and_keeps_each_answer_once(
    folder: Path, browser: Browser, beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page("questions", folder, monkeypatch)
    assert not page.exception
    assert "5 open · 0 answered" in said(page.caption)
    assert browser.given is not None
    first, second, *_ = browser.given.asked
    word = shown(first)["word"]
    told = Reply("r1", first.question.id or 0, "entity", "Reagent", word, word + 1, 2.5)
    for _ in range(2):
        given = browser.send(page, told)
    assert given.acked == ("r1",)
    assert first.question.id not in [one.question.id for one in given.asked]
    (kept,) = answers(folder)
    assert (kept.says, kept.label, kept.start, kept.seconds) == (Says.ENTITY, "Reagent", first.question.start, 2.5)
    assert "4 open · 1 answered, 1 word known by that · 1 by you · 2 s each" in said(page.caption)
    given = browser.send(
        page, Reply("r2", second.question.id or 0, "unknown"), Reply("r3", first.question.id or 0, "undone")
    )
    assert answers(folder) == []
    assert first.question.id in [one.question.id for one in given.asked]
    assert second.question.id not in [one.question.id for one in given.asked]


def test_what_cannot_be_kept_is_said_and_the_page_goes_on(
    folder: Path, browser: Browser, beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page("questions", folder, monkeypatch)
    assert browser.given is not None
    one = browser.given.asked[0]
    given = browser.send(page, Reply("r1", one.question.id or 0, "entity", "Metal", 0, 99))
    assert "'Metal' is not among the labels any more" in said(page.error)
    assert given.acked == ("r1",)
    browser.send(page, Reply("r2", problem="the browser sent what is no answer, at says"))
    assert "load the page again" in said(page.error)
    browser.send(page, Reply("r3", one.question.id or 0, "outside"))
    assert not page.error


def test_a_curator_can_have_more_asked_and_an_annotator_cannot(
    folder: Path, browser: Browser, beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page("questions", folder, monkeypatch)
    page.number_input(key="questions.n").set_value(3)
    page.button[-1].click().run()
    assert "8 open" in said(page.caption)
    assert "Asked 3 more." in said(page.caption)
    person = Person("bo", Role.ANNOTATOR, True, state.operator().at)
    monkeypatch.setattr(state, "operator", lambda: person)
    page = open_page("questions", folder, monkeypatch)
    assert not page.exception
    assert not page.number_input


def test_without_a_model_the_command_that_makes_one_is_shown(
    tmp_path: Path, browser: Browser, beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page("questions", make_project(tmp_path / "bare"), monkeypatch)
    assert not page.exception
    assert "Nobody is asked anything yet" in said(page.markdown)
    assert "allabel finetune" in said(page.code)


def test_the_tag_page_names_the_tuned_model_and_its_age(
    folder: Path, beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = folder / FILE_NAME
    settings.write_text('backend = "tuned"\n' + settings.read_text(encoding="utf-8"), encoding="utf-8")
    page = open_page("tag", folder, monkeypatch)
    assert not page.exception
    assert "With the tuned model ByHeart-" in said(page.caption)


def asked(text: str, start: int, end: int, guess: Span) -> Asked:
    question = Question(7, DocId("a"), start, end, guess, 0.1)
    return Asked(question, Document(DocId("a"), text), "entity")


def test_a_short_text_is_shown_whole_with_its_words_numbered() -> None:
    data = shown(asked("😀 NaCl in water.", 2, 6, Span(2, 9, "Salt")))
    assert "".join(part for part, _ in data["parts"]) == "😀 NaCl in water."
    assert (data["word"], data["first"], data["end"]) == (1, 1, 3)
    assert [part for part, word in data["parts"] if word == 1] == ["NaCl"]
    assert not data["cut_before"]
    assert not data["cut_after"]


def test_of_a_long_text_the_neighbourhood_is_shown_and_words_keep_their_numbers() -> None:
    text = " ".join(f"word{n}" for n in range(1000))
    start = text.index("word500")
    data = shown(asked(text, start, start + 7, Span(start, start + 15, "Salt")))
    around = "".join(part for part, _ in data["parts"])
    assert "word500 word501" in around
    assert len(around) < 900
    assert around in text
    assert (data["word"], data["first"], data["end"]) == (500, 500, 502)
    assert data["cut_before"]
    assert data["cut_after"]
    assert text.split() == [text[slice(*offsets(text, n, n + 1))] for n in range(1000)]


def test_a_text_without_a_space_is_cut_all_the_same() -> None:
    data = shown(asked("x" * 2000 + "-", 0, 2000, Span(0, 2000, "Salt")))
    assert (data["word"], data["parts"][0][1]) == (0, 0)


def test_words_that_are_not_there_have_no_offsets() -> None:
    assert offsets("NaCl", 3, 9) == (0, 0)


@pytest.mark.parametrize("outbox", [None, 3, {}, {"ops": 3}, {"ops": None}])
def test_what_is_no_outbox_holds_no_replies(outbox: object) -> None:
    assert read_replies(outbox) == []


def test_a_reply_that_makes_no_sense_comes_with_a_problem() -> None:
    good = {"id": "a", "question": 1, "says": "outside", "seconds": 0, "op": "save", "at": 1}
    bad = [{**good, "says": "perhaps"}, {**good, "question": "1"}, {"id": 3}, 5, {**good, "first": -1}]
    first, *rest = read_replies({"ops": [good, *bad]})
    assert first == Reply("a", 1, "outside")
    assert all(one.problem for one in rest)


def test_a_store_that_cannot_answer_is_tried_again(store: Store, place: Path) -> None:
    with store.writes() as connection:
        one = Question(None, DocId("a"), 0, 4, Span(0, 4, "Salt"), 0.1)
        add_asking(connection, Asking(None, "entity", "breaking_ties", 1, "m", NOW), [one])
    desk = QuestionDesk(store, SCHEMA, Person("ada", Role.ANNOTATOR, True, NOW), Settings())
    replies = Replies(desk, store)
    sent = [Reply("r1", 1, "unknown"), Reply("r2", 1, "outside")]
    with locked(place):
        replies.take(sent)
        assert replies.acked == []
        assert replies.problem.startswith("Not saved yet: Another program is writing")
    replies.take(sent)
    assert (replies.acked, replies.problem) == (["r1", "r2"], "")
    with store.reads() as connection:
        assert [one.says for one in standing(connection)] == [Says.OUTSIDE]


def test_the_component_ships_with_the_package_and_knows_the_labels() -> None:
    assert all(asset(*script) for script in SCRIPTS)
    data = AskData("p", "ada", (), (), ("a",))
    assert payload(data) == {"project": "p", "person": "ada", "labels": [], "questions": [], "acked": ["a"]}
