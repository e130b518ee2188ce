"""Remarks on texts that are no answers: skipped, flagged, flag dealt with; appended, never changed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select

from allabel.document import DocId
from allabel.store.documents import batches, known_text, stored_texts
from allabel.store.store import Store
from allabel.store.tables import SAVED, marks


class Kind(StrEnum):
    """What a remark says."""

    SKIP = "skip"
    FLAG = "flag"
    FLAG_RESOLVED = "flag_resolved"


@dataclass(frozen=True, slots=True)
class Mark:
    """A person's remark on a text, with the number the store gave it."""

    seq: int
    doc_id: DocId
    kind: Kind
    note: str
    person: str
    at: datetime


def add_mark(
    connection: Connection, doc_id: DocId, kind: Kind, person: str, at: datetime, *, note: str = "", save_id: str = ""
) -> bool:
    """Append a remark, unless one with this save_id is kept already; tells whether it did.

    Raises StoreError for an unknown text.
    """
    known_text(stored_texts(connection, [doc_id]), doc_id)
    if save_id and connection.execute(select(marks.c.seq).where(marks.c.save_id == save_id, SAVED)).first():
        return False
    row = {"doc_id": doc_id, "kind": kind.value, "note": note, "person": person, "save_id": save_id, "at": at}
    connection.execute(insert(marks), row)
    return True


def marks_of(connection: Connection, doc_ids: Sequence[DocId]) -> list[Mark]:
    """Return every remark on these texts, oldest first."""
    found: list[Mark] = []
    for batch in batches(doc_ids):
        found += _read(connection, select(marks).where(marks.c.doc_id.in_(batch)))
    return sorted(found, key=lambda mark: mark.seq)


def open_flags(remarks: Iterable[Mark]) -> tuple[Mark, ...]:
    """Return the flags that nobody has dealt with since, in the order given, which is the oldest first."""
    by_text: dict[DocId, list[Mark]] = {}
    for mark in remarks:
        if mark.kind is Kind.FLAG:
            by_text.setdefault(mark.doc_id, []).append(mark)
        elif mark.kind is Kind.FLAG_RESOLVED:
            by_text.pop(mark.doc_id, None)
    return tuple(sorted((mark for flags in by_text.values() for mark in flags), key=lambda mark: mark.seq))


def flagged(store: Store) -> tuple[Mark, ...]:
    """Return every flag in the project that nobody has dealt with, oldest first."""
    kinds = (Kind.FLAG.value, Kind.FLAG_RESOLVED.value)
    with store.reads() as connection:
        return open_flags(_read(connection, select(marks).where(marks.c.kind.in_(kinds))))


def _read(connection: Connection, query: Select[Any]) -> list[Mark]:
    return [_mark(row) for row in connection.execute(query.order_by(marks.c.seq))]


def _mark(row: Row[Any]) -> Mark:
    return Mark(row.seq, row.doc_id, Kind(row.kind), row.note, row.person, row.at)
