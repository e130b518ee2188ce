"""What the tests of sittings share: a person's desk and sitting on a store of four texts, and what they send."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from allabel.config import Settings
from allabel.document import Annotation, DocId, Document, Span
from allabel.people.accounts import Person
from allabel.people.desk import Answer, Desk
from allabel.people.roles import Role
from allabel.people.terms import Terms
from allabel.schema import LabelSchema
from allabel.store import Pick, Selection, Store
from app.components.span_editor.ops import Kind, Op
from app.sitting import Sitting

NOW = datetime(2026, 1, 2, tzinfo=UTC)
SCHEMA = LabelSchema.of(["Salt", "Solvent"])
TEXT = "NaCl in water"
SALT, WATER = Span(0, 4, "Salt"), Span(8, 13, "Solvent")


@contextmanager
def four_texts(place: Path) -> Iterator[Store]:
    """A new store with four texts in the queue; it waits only briefly for another program."""
    with Store.create(place, busy_timeout_s=0.05) as made:
        made.add_documents(Document(DocId(id), TEXT) for id in "abcd")
        picked = [Pick(DocId(id), "uniform", n, 0.0, "drawn", 0) for n, id in enumerate("abcd", start=1)]
        made.add_selection(Selection(None, "uniform", "4", 4, 0, NOW), picked)
        yield made


def desk(store: Store, name: str = "ada", schema: LabelSchema = SCHEMA) -> Desk:
    return Desk(store, schema, Person(name, Role.ANNOTATOR, True, NOW), Settings(blind_share=0.0))


def sitting(store: Store, name: str = "ada", schema: LabelSchema = SCHEMA) -> Sitting:
    """A sitting with its first text in hand."""
    own = desk(store, name, schema)
    made = Sitting(own, Terms(store, schema), own.next)
    made.current()
    return made


def op(id: str, kind: Kind, doc: str = "a", *spans: Span, version: int = 0, n: int = 1, **more: Any) -> Op:
    return Op(id, kind, doc, version, n, spans, **more)


def in_hand(one: Sitting) -> str:
    task = one.current()
    return "" if task is None else task.document.id


def kept(store: Store, id: str = "a") -> list[tuple[str, tuple[Span, ...]]]:
    return [(answer.author, answer.entities) for answer in store.history(DocId(id))]


def other_saves(store: Store, *spans: Span, on: int = 0, id: str = "a") -> Annotation:
    """Another person saves the text, as after the first one's lease ran out."""
    return desk(store, "bo").save(Answer(DocId(id), spans, on, f"bo-{id}-{on}", 1.0))


@contextmanager
def locked(place: Path) -> Iterator[None]:
    """The database held by another program's write transaction."""
    with closing(sqlite3.connect(place, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
