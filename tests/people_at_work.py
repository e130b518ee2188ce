"""What the tests of people share: a project's parts, a clock that is set by hand, desks."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from argon2 import PasswordHasher

from allabel.config import Settings
from allabel.document import DocId, Document, Span
from allabel.people.accounts import Person
from allabel.people.desk import Answer, Desk, Draft
from allabel.people.roles import Role
from allabel.schema import LabelSchema
from allabel.store import Pick, Selection, Store

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SCHEMA = LabelSchema.of(["Salt", "Solvent"])
TEXT = "NaCl in water"
SALT, WATER = Span(0, 4, "Salt"), Span(8, 13, "Solvent")
# As weak as argon2 lets it be: tests sign in often.
HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class Clock:
    """A time that passes when it is told to, and a moment whenever it is looked at."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(microseconds=1)
        return self.now

    def pass_minutes(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)


def queue(store: Store, ids: Sequence[str]) -> None:
    """Import texts and queue them in this order."""
    store.add_documents(Document(DocId(id), TEXT) for id in sorted(ids))
    picked = [Pick(DocId(id), "uniform", n, 0.0, "drawn", 0) for n, id in enumerate(ids, start=1)]
    store.add_selection(Selection(None, "uniform", str(len(ids)), len(ids), 0, NOW), picked)


def desk(
    store: Store,
    name: str,
    clock: Clock | None = None,
    schema: LabelSchema = SCHEMA,
    *,
    reviews: bool = False,
    **settings: Any,
) -> Desk:
    """The desk of an annotator, or of a reviewer."""
    person = Person(name, Role.ANNOTATOR, True, NOW)
    return Desk(store, schema, person, Settings(**{"blind_share": 0.0} | settings), clock or Clock(), reviews=reviews)


def answer(id: str, *spans: Span, on: int = 0, save_id: str = "", seconds: float | None = 1.0) -> Answer:
    return Answer(DocId(id), spans, on, save_id, seconds)


def draft(*spans: Span, n: int = 1, on: int = 0) -> Draft:
    return Draft(spans, (), n, on, NOW)
