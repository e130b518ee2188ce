"""Terms that people had labelled wherever they stand in the queue: suggestions for the texts to come."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, func, insert, select

from allabel.annotate.bounds import is_bounded
from allabel.document import Span
from allabel.errors import InputError
from allabel.schema import LabelSchema
from allabel.store.selections import unannotated
from allabel.store.store import Store
from allabel.store.tables import documents, picks, terms


@dataclass(frozen=True, slots=True)
class Term:
    """A piece of text that a person wants to see suggested as an entity of this label."""

    text: str
    label: str
    person: str
    at: datetime


def _now() -> datetime:
    return datetime.now(UTC)


class Terms:
    """The terms of a project. They are suggestions: nothing is annotated by them alone."""

    def __init__(self, store: Store, schema: LabelSchema, clock: Callable[[], datetime] = _now) -> None:
        self._store, self._schema, self._clock = store, schema, clock

    def add(self, text: str, label: str, person: str) -> int:
        """Keep a term, once; returns in how many texts of the queue it stands as a whole word.

        Raises InputError for a blank term and LabelError for a label that the schema does not name.
        """
        if not text.strip() or text != text.strip():
            raise InputError(f"the term {text!r} is blank or has white space around it", remedy="select a whole word")
        self._schema.check(label)
        with self._store.writes() as connection:
            known = select(terms.c.text).where(terms.c.text == text, terms.c.label == label)
            if connection.execute(known).first() is None:
                row = {"text": text, "label": label, "person": person, "at": self._clock()}
                connection.execute(insert(terms), row)
            # The database finds the texts that hold these characters, the borders of words are looked at here.
            found = func.strpos if connection.dialect.name == "postgresql" else func.instr
            holding = select(documents.c.text).where(found(documents.c.text, text) > 0)
            queued = select(picks.c.doc_id).where(unannotated())
            texts = connection.execute(holding.where(documents.c.id.in_(queued))).scalars()
            return sum(bool(occurrences(one, text)) for one in texts)

    def remove(self, text: str, label: str) -> None:
        """Suggest a term no more; one that is not there is no error."""
        with self._store.writes() as connection:
            connection.execute(delete(terms).where(terms.c.text == text, terms.c.label == label))

    def all(self) -> list[Term]:
        """Return every term, by text and label."""
        with self._store.reads() as connection:
            found = [Term(row.text, row.label, row.person, row.at) for row in connection.execute(select(terms))]
        return sorted(found, key=lambda term: (term.text, term.label))

    def spans(self, text: str) -> tuple[Span, ...]:
        """Return where the terms stand in a text as whole words, sorted; a term whose label is gone stands nowhere."""
        return tuple(
            sorted(
                Span(start, start + len(term.text), term.label)
                for term in self.all()
                if term.label in self._schema.names
                for start in occurrences(text, term.text)
            )
        )


def occurrences(text: str, term: str) -> list[int]:
    """Return where a term begins in a text, exactly as it is written and by itself: not inside a larger name."""
    found, start = [], text.find(term)
    while start >= 0:
        if is_bounded(text, start, start + len(term)):
            found.append(start)
        start = text.find(term, start + 1)
    return found
