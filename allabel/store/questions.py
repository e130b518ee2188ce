"""Questions about single words and people's answers to them: appended, never changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, select

from allabel.document import DocId, Span
from allabel.store.documents import batches
from allabel.store.tables import SAVED, annotations, askings, question_answers, questions


class Says(StrEnum):
    """What an answer says of the words it covers.

    entity: together they are one entity. begins: an entity begins at the one word. inside: the one word carries on an
    entity that began before. outside: it is part of none. unknown: the person does not know. undone: the person takes
    back their answer to this question.
    """

    ENTITY = "entity"
    BEGINS = "begins"
    INSIDE = "inside"
    OUTSIDE = "outside"
    UNKNOWN = "unknown"
    UNDONE = "undone"


# What a model learns from, and what settles a question for everybody.
SETTLING = (Says.ENTITY, Says.BEGINS, Says.INSIDE, Says.OUTSIDE)


@dataclass(frozen=True, slots=True)
class Asking:
    """One round of questions: how many were wanted, at which level ("token" or "entity"), by which query and model.

    id: None until the store gives one.
    """

    id: int | None
    level: str
    query: str
    n_wanted: int
    model: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Question:
    """A word `[start, end)` of a text that a model is unsure of, in code points.

    guess: the entity that it would be part of, by the model, if it is part of one. score: the lower, the less sure.
    id: None until the store gives one.
    """

    id: int | None
    doc_id: DocId
    start: int
    end: int
    guess: Span
    score: float


@dataclass(frozen=True, slots=True)
class QuestionAnswer:
    """What a person says to a question. start, end: the words it speaks of, n_words of them known by it.

    label: "" where it names none. seq: the number the store gave it, None before.
    """

    question: int
    doc_id: DocId
    says: Says
    label: str
    start: int
    end: int
    n_words: int
    person: str
    at: datetime
    save_id: str = ""
    seconds: float | None = None
    seq: int | None = None


def add_asking(connection: Connection, asking: Asking, found: Sequence[Question]) -> int:
    """Keep a round of questions, in their order; returns the id it was given."""
    row = {name: getattr(asking, name) for name in ("level", "query", "n_wanted", "model", "at")}
    key = connection.execute(insert(askings).values(row)).inserted_primary_key
    asking_id = int(key[0]) if key else 0
    for batch in batches(found):
        connection.execute(
            insert(questions),
            [
                {
                    "asking": asking_id,
                    "doc_id": one.doc_id,
                    "starts": int(one.start),
                    "ends": int(one.end),
                    "guess_starts": int(one.guess.start),
                    "guess_ends": int(one.guess.end),
                    "guess_label": one.guess.label,
                    "score": float(one.score),
                }
                for one in batch
            ],
        )
    return asking_id


def newest_asking(connection: Connection) -> Asking | None:
    """The newest round of questions; None where there was none."""
    row = connection.execute(select(askings).order_by(askings.c.id.desc()).limit(1)).first()
    return None if row is None else Asking(row.id, row.level, row.query, row.n_wanted, row.model, row.at)


def asked_by(connection: Connection, model: str) -> list[Question]:
    """Every question of this model, in the order asked."""
    query = select(questions).join(askings, askings.c.id == questions.c.asking).where(askings.c.model == model)
    return [question(row) for row in connection.execute(query.order_by(questions.c.id))]


def question_of(connection: Connection, question_id: int) -> Question | None:
    """One question; None where there is none of this number."""
    row = connection.execute(select(questions).where(questions.c.id == question_id)).first()
    return None if row is None else question(row)


def question(row: Row[Any]) -> Question:
    """Read a row of the table."""
    guess = Span(row.guess_starts, row.guess_ends, row.guess_label)
    return Question(row.id, DocId(row.doc_id), row.starts, row.ends, guess, row.score)


def add_answer(connection: Connection, new: QuestionAnswer) -> None:
    """Append an answer, whose save_id no other bears: see `answer_saved`."""
    names = ("question", "doc_id", "label", "n_words", "person", "save_id", "seconds", "at")
    row = {name: getattr(new, name) for name in names}
    row |= {"kind": new.says.value, "starts": new.start, "ends": new.end}
    connection.execute(insert(question_answers), row)


def standing(connection: Connection) -> list[QuestionAnswer]:
    """The answers that stand, oldest first: each person's last to each question, less what they took back.

    Answers on texts that are annotated by now are among them; those that say "I do not know" are not.
    """
    query = select(question_answers).where(stands(question_answers)).order_by(question_answers.c.seq)
    return [_answer(row) for row in connection.execute(query)]


def stands(answer: Any) -> ColumnElement[bool]:
    """The condition that a row of the answers (or of an alias) settles its question and nobody took it back."""
    later = question_answers.alias()
    newer = select(1).where(
        later.c.question == answer.c.question, later.c.person == answer.c.person, later.c.seq > answer.c.seq
    )
    return and_(answer.c.kind.in_([one.value for one in SETTLING]), ~newer.exists())


def is_open() -> ColumnElement[bool]:
    """The condition that a question is asked by the newest model, and that nobody said what its word is."""
    # Names of their own, as the query around it may join the same tables.
    last, of = askings.alias(), askings.alias()
    newest = select(last.c.model).order_by(last.c.id.desc()).limit(1).scalar_subquery()
    asked = select(1).where(of.c.id == questions.c.asking, of.c.model == newest)
    answer = question_answers.alias()
    said = select(1).where(
        answer.c.doc_id == questions.c.doc_id,
        answer.c.starts < questions.c.ends,
        answer.c.ends > questions.c.starts,
        stands(answer),
    )
    whole = select(1).where(annotations.c.doc_id == questions.c.doc_id)
    return and_(asked.exists(), ~said.exists(), ~whole.exists())


def count_open(connection: Connection) -> int:
    """How many questions are open."""
    return int(connection.execute(select(func.count()).select_from(questions).where(is_open())).scalar_one())


def answer_saved(connection: Connection, save_id: str) -> QuestionAnswer | None:
    """The answer that was kept under this id of a save, which is not empty."""
    query = select(question_answers).where(question_answers.c.save_id == save_id, SAVED)
    row = connection.execute(query).first()
    return None if row is None else _answer(row)


def _answer(row: Row[Any]) -> QuestionAnswer:
    return QuestionAnswer(
        row.question,
        DocId(row.doc_id),
        Says(row.kind),
        row.label,
        row.starts,
        row.ends,
        row.n_words,
        row.person,
        row.at,
        row.save_id,
        row.seconds,
        row.seq,
    )
