"""The desk of questions gives each to one person, keeps each answer once, and forgets none; on both databases."""

from datetime import UTC, datetime

import pytest
from people_at_work import NOW, SALT, SCHEMA, WATER, Clock
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from allabel.config import Settings
from allabel.document import Annotation, DocId, Document, Span
from allabel.errors import LabelError, SpanError, StoreError
from allabel.people.accounts import Person
from allabel.people.asking import QuestionDesk, Said
from allabel.people.roles import Role
from allabel.store import Store
from allabel.store.questions import Asking, Question, Says, add_asking, asked_by, newest_asking, standing

TEXT = "NaCl in water"


def ask(store: Store, *words: tuple[str, int, int], model: str = "m1", level: str = "entity") -> list[int]:
    """Have a model ask about words of texts; returns the numbers of its questions."""
    found = [Question(None, DocId(id), start, end, Span(start, end, "Salt"), 0.1) for id, start, end in words]
    with store.writes() as connection:
        add_asking(connection, Asking(None, level, "breaking_ties", len(found), model, NOW), found)
        return [one.id or 0 for one in asked_by(connection, model)][-len(found) :]


def desk(store: Store, name: str, clock: Clock | None = None, **settings: float) -> QuestionDesk:
    return QuestionDesk(store, SCHEMA, Person(name, Role.ANNOTATOR, True, NOW), Settings(**settings), clock or Clock())


def at_hand(one: QuestionDesk, n: int = 1) -> list[int]:
    return [asked.question.id or 0 for asked in one.next(n)]


@pytest.fixture
def asked(store: Store) -> list[int]:
    """Four questions, the first two on one text."""
    store.add_documents(Document(DocId(id), TEXT) for id in "abc")
    return ask(store, ("a", 0, 4), ("a", 8, 13), ("b", 0, 4), ("c", 8, 13))


def test_where_nothing_was_asked_nothing_is_open(store: Store) -> None:
    one = desk(store, "ada")
    assert (one.next(3), one.standing().left, one.standing().seconds) == ([], 0, None)
    with store.reads() as connection:
        assert newest_asking(connection) is None


def test_two_people_never_have_the_same_question(store: Store, asked: list[int]) -> None:
    ada, bo = desk(store, "ada"), desk(store, "bo")
    assert (at_hand(ada, 2), at_hand(bo, 6)) == (asked[:2], asked[2:])
    assert (at_hand(ada, 6), at_hand(bo, 1)) == (asked[:2], asked[2:3])


def test_a_question_left_alone_comes_to_another_person(store: Store, asked: list[int]) -> None:
    clock = Clock()
    ada, bo = desk(store, "ada", clock, lease_minutes=5), desk(store, "bo", clock, lease_minutes=5)
    at_hand(ada, 4)
    assert at_hand(bo) == []
    clock.pass_minutes(6)
    assert at_hand(bo) == asked[:1]
    ada.release()
    assert at_hand(bo, 4) == asked


def test_an_answer_is_kept_once_and_settles_its_question(store: Store, asked: list[int]) -> None:
    ada = desk(store, "ada")
    said = Said(asked[0], Says.ENTITY, "s1", "Salt", 0, 7, 2.5)
    for _ in range(2):
        ada.answer(said)
    with store.reads() as connection:
        (kept,) = standing(connection)
    assert (kept.says, kept.label, kept.start, kept.end, kept.n_words, kept.seconds) == (
        Says.ENTITY,
        "Salt",
        0,
        7,
        2,
        2.5,
    )
    assert at_hand(ada, 6) == asked[1:]
    standing_now = ada.standing()
    assert (standing_now.left, standing_now.n_answered, standing_now.n_mine, standing_now.n_words) == (3, 1, 1, 2)
    assert standing_now.seconds == 2.5
    assert desk(store, "bo").standing().n_mine == 0


def test_an_answer_settles_every_question_on_its_words(store: Store, asked: list[int]) -> None:
    ada = desk(store, "ada")
    ada.answer(Said(asked[0], Says.ENTITY, "", "Salt", 0, 13))
    assert at_hand(ada, 6) == asked[2:]


def test_what_is_taken_back_comes_again_at_once_and_stays_in_the_history(store: Store, asked: list[int]) -> None:
    ada, bo = desk(store, "ada"), desk(store, "bo")
    ada.answer(Said(asked[2], Says.OUTSIDE, "s1"))
    ada.answer(Said(asked[2], Says.UNDONE, "s2"))
    assert at_hand(bo, 6) == [asked[0], asked[1], asked[3]]
    assert at_hand(ada, 1) == [asked[2]]
    with store.reads() as connection:
        assert standing(connection) == []
        assert connection.execute(text("SELECT count(*) FROM question_answers")).scalar_one() == 2
    ada.answer(Said(asked[2], Says.ENTITY, "s3", "Salt", 0, 4))
    with store.reads() as connection:
        assert [one.label for one in standing(connection)] == ["Salt"]


def test_who_does_not_know_is_not_asked_again_and_others_are(store: Store, asked: list[int]) -> None:
    ada, bo = desk(store, "ada"), desk(store, "bo")
    ada.answer(Said(asked[0], Says.UNKNOWN, "s1", seconds=1.0))
    assert at_hand(ada, 6) == asked[1:]
    assert at_hand(bo, 6) == asked[:1]
    assert bo.standing().n_answered == 0


def test_a_text_that_is_annotated_drops_its_questions(store: Store, asked: list[int]) -> None:
    store.add_annotations([Annotation(DocId("a"), (SALT, WATER), "bo", "app", datetime.now(UTC))])
    assert at_hand(desk(store, "ada"), 6) == asked[2:]
    assert desk(store, "ada").standing().left == 2


def test_a_newer_model_puts_the_open_questions_of_the_older_away(store: Store, asked: list[int]) -> None:
    ada = desk(store, "ada")
    ada.answer(Said(asked[0], Says.OUTSIDE, ""))
    newer = ask(store, ("b", 8, 13), model="m2")
    assert at_hand(ada, 6) == newer
    more = ask(store, ("c", 0, 4), model="m2")
    assert at_hand(ada, 6) == newer + more
    assert ada.standing().n_answered == 1


def test_two_answers_to_one_question_are_both_kept(store: Store, asked: list[int]) -> None:
    desk(store, "ada").answer(Said(asked[0], Says.OUTSIDE, "s1"))
    desk(store, "bo").answer(Said(asked[0], Says.ENTITY, "s2", "Salt", 0, 4))
    with store.reads() as connection:
        assert [(one.person, one.says) for one in standing(connection)] == [("ada", Says.OUTSIDE), ("bo", Says.ENTITY)]


@pytest.mark.parametrize(
    ("said", "error", "says"),
    [
        (Said(99, Says.OUTSIDE, ""), StoreError, "no question 99"),
        (Said(1, Says.ENTITY, "", "Metal", 0, 4), LabelError, "'Metal' is not among the labels"),
        (Said(1, Says.ENTITY, "", "Salt", 5, 7), SpanError, "not around the word"),
        (Said(1, Says.ENTITY, "", "Salt", 0, 99), SpanError, "not around the word"),
    ],
)
def test_what_cannot_be_is_refused(
    store: Store, asked: list[int], said: Said, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        desk(store, "ada").answer(said)
    with store.reads() as connection:
        assert standing(connection) == []


def test_the_id_of_another_answer_is_refused(store: Store, asked: list[int]) -> None:
    ada = desk(store, "ada")
    ada.answer(Said(asked[0], Says.OUTSIDE, "s1"))
    with pytest.raises(StoreError, match="belongs to another answer"):
        ada.answer(Said(asked[1], Says.OUTSIDE, "s1"))


@pytest.mark.parametrize("table", ["askings", "questions", "question_answers"])
def test_no_history_of_questions_can_be_changed(store: Store, asked: list[int], table: str) -> None:
    desk(store, "ada").answer(Said(asked[0], Says.OUTSIDE, "s1"))
    with pytest.raises((DBAPIError, StoreError)), store.writes() as connection:
        connection.execute(text(f"DELETE FROM {table}"))
