"""The desk of questions: hands single words to one person among several, and takes what they say of them."""

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select

from allabel.annotate.pieces import pieces
from allabel.config import Settings
from allabel.document import Document
from allabel.errors import LabelError, SpanError, StoreError
from allabel.people.accounts import Person
from allabel.schema import LabelSchema
from allabel.store.documents import documents_of, one_document
from allabel.store.questions import (
    SETTLING,
    Question,
    QuestionAnswer,
    Says,
    add_answer,
    answer_saved,
    count_open,
    is_open,
    question,
    question_of,
    stands,
)
from allabel.store.store import Store
from allabel.store.tables import askings, question_answers, question_leases, questions

# Of a person's own pace, their last answers tell.
RECENT = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as a person gets it: with its text, at the level "token" or "entity"."""

    question: Question
    document: Document
    level: str


@dataclass(frozen=True, slots=True)
class Said:
    """What a person says to a question. start, end: the words meant, in code points; save_id: the same when repeated.

    seconds: the time spent on it; None where nobody measured, and what is not above 0 counts so.
    """

    question: int
    says: Says
    save_id: str
    label: str = ""
    start: int = 0
    end: int = 0
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the questions are. left: open to anybody. n_answered: answers that stand, n_mine: this person's.

    n_words: that the answers speak of. seconds: the median of this person's last answers, None where none was measured.
    """

    left: int
    n_answered: int
    n_mine: int
    n_words: int
    seconds: float | None


def _now() -> datetime:
    return datetime.now(UTC)


class QuestionDesk:
    """One person's desk of questions. Every method is a transaction of its own.

    A question is with one person at a time, for `settings.lease_minutes`. One that a person does not know the answer to
    comes to the others, and not to them again. Questions of a text that is annotated by now, on words that an answer
    covers, and of an older model than the newest that asked, are not asked.
    """

    def __init__(
        self,
        store: Store,
        schema: LabelSchema,
        person: Person,
        settings: Settings,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self.person = person
        self._store, self._schema, self._settings, self._clock = store, schema, settings, clock
        self._name = person.name

    def next(self, n: int = 1) -> list[Asked]:
        """Hand out up to n questions, those at hand first, then the ones asked first; and renew what is at hand."""
        with self._store.writes() as connection:
            mine = self._is_held(question_leases.c.person == self._name)
            found = connection.execute(self._free(mine).limit(n)).all()
            if len(found) < n:
                found = [*found, *connection.execute(self._free(~self._is_held()).limit(n - len(found))).all()]
            self._lease(connection, [row.id for row in found])
            texts = documents_of(connection, {row.doc_id for row in found})
            return [Asked(question(row), texts[row.doc_id], row.level) for row in found]

    def answer(self, said: Said) -> None:
        """Append what a person says, and give the question back; what was kept before is not kept twice.

        An answer to a question that somebody settled meanwhile is kept too: the later one counts. Raises StoreError for
        an unknown question, LabelError where the schema does not name the label, SpanError where the words meant are
        not in the text or not around the word asked about.
        """
        with self._store.writes() as connection:
            kept = answer_saved(connection, said.save_id) if said.save_id else None
            if kept is not None:
                if (kept.question, kept.person) != (said.question, self._name):
                    raise StoreError(f"the id {said.save_id!r} belongs to another answer", remedy="reload the page")
                return
            asked = question_of(connection, said.question)
            if asked is None:
                raise StoreError(f"there is no question {said.question}", remedy="reload the page")
            add_answer(connection, self._checked(connection, said, asked))
            held = question_leases.c
            mine = delete(question_leases).where(held.question == said.question, held.person == self._name)
            connection.execute(mine)
            # What is taken back comes again at once, unless somebody else has it by now.
            if said.says is Says.UNDONE and not self._is_taken(connection, said.question):
                self._lease(connection, [said.question])

    def release(self, but: Collection[int] = ()) -> None:
        """Give back what is at hand, but for these questions."""
        with self._store.writes() as connection:
            mine = question_leases.c.person == self._name
            connection.execute(delete(question_leases).where(mine, question_leases.c.question.not_in(list(but))))

    def standing(self) -> Standing:
        """Return how far the questions are."""
        given = question_answers.c
        counted = select(func.count(), func.sum(given.n_words)).where(stands(question_answers))
        times = select(given.seconds).where(given.person == self._name, given.seconds.is_not(None))
        with self._store.reads() as connection:
            seconds = connection.execute(times.order_by(given.seq.desc()).limit(RECENT)).scalars().all()
            (n_answered, n_words), (n_mine, _) = (
                connection.execute(query).one() for query in (counted, counted.where(given.person == self._name))
            )
            left = count_open(connection)
        return Standing(left, int(n_answered), int(n_mine), int(n_words or 0), median(seconds) if seconds else None)

    def _checked(self, connection: Connection, said: Said, asked: Question) -> QuestionAnswer:
        start, end, label, n_words = asked.start, asked.end, "", 1
        if said.says in {Says.ENTITY, Says.BEGINS, Says.INSIDE}:
            label = said.label
            if label not in self._schema.names:
                raise LabelError(
                    f"the label {label!r} is not among the labels any more ({', '.join(self._schema.names)})",
                    remedy=f"give another label, or have {label!r} put back into labels.toml",
                )
        if said.says is Says.ENTITY:
            start, end = said.start, said.end
            text = one_document(connection, asked.doc_id).text
            if not 0 <= start <= asked.start < asked.end <= end <= len(text):
                raise SpanError(
                    f"the entity [{start}, {end}) is not around the word asked about, [{asked.start}, {asked.end})",
                    remedy="reload the page",
                )
            n_words = len(pieces(text[start:end]))
        n_words = n_words if said.says in SETTLING else 0
        seconds = said.seconds if said.seconds is not None and 0 < said.seconds < math.inf else None
        return QuestionAnswer(
            question=said.question,
            doc_id=asked.doc_id,
            says=said.says,
            label=label,
            start=start,
            end=end,
            n_words=n_words,
            person=self._name,
            at=self._clock(),
            save_id=said.save_id,
            seconds=seconds,
        )

    def _free(self, *conditions: ColumnElement[bool]) -> Any:
        """The query of questions that are open to this person, in the order asked."""
        mine, later = question_answers.alias(), question_answers.alias()
        newer = select(1).where(
            later.c.question == mine.c.question, later.c.person == self._name, later.c.seq > mine.c.seq
        )
        not_known = select(1).where(
            mine.c.question == questions.c.id,
            mine.c.person == self._name,
            mine.c.kind == Says.UNKNOWN.value,
            ~newer.exists(),
        )
        query = select(questions, askings.c.level).join(askings, askings.c.id == questions.c.asking)
        return query.where(is_open(), ~not_known.exists(), *conditions).order_by(questions.c.id)

    def _is_held(self, *whose: ColumnElement[bool]) -> ColumnElement[bool]:
        """The condition that somebody has the question in hand. whose: conditions on that lease."""
        held = question_leases.c
        return select(1).where(held.question == questions.c.id, held.until > self._clock(), *whose).exists()

    def _is_taken(self, connection: Connection, question_id: int) -> bool:
        by_others = self._is_held(question_leases.c.person != self._name)
        return connection.execute(select(1).where(questions.c.id == question_id, by_others)).first() is not None

    def _lease(self, connection: Connection, ids: Collection[int]) -> None:
        if not ids:
            return
        until = self._clock() + timedelta(minutes=self._settings.lease_minutes)
        connection.execute(delete(question_leases).where(question_leases.c.question.in_(ids)))
        rows = [{"question": id, "person": self._name, "until": until} for id in ids]
        connection.execute(insert(question_leases), rows)
