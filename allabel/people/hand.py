"""What a person has in hand: texts that are theirs for a while, and work that is not saved yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from allabel.document import DocId
from allabel.people.task import Draft
from allabel.store.codec import spans_from_json, spans_to_json
from allabel.store.tables import drafts, leases


@dataclass(frozen=True, slots=True)
class Lease:
    """A text that a person has until a moment. suggested: number of the suggestion there was when they opened it."""

    doc_id: DocId
    person: str
    until: datetime
    suggested: int | None


def leases_on(connection: Connection, doc_id: DocId) -> list[Lease]:
    """Return who has a text or had it and never gave it back, in the order of their names."""
    query = select(leases).where(leases.c.doc_id == doc_id)
    found = [Lease(row.doc_id, row.person, row.until, row.suggested) for row in connection.execute(query)]
    return sorted(found, key=lambda lease: lease.person)


def put_lease(connection: Connection, lease: Lease) -> None:
    """Give a person a text, or give it to them for longer."""
    drop_lease(connection, lease.doc_id, lease.person)
    row = {"doc_id": lease.doc_id, "person": lease.person, "until": lease.until, "suggested": lease.suggested}
    connection.execute(insert(leases), row)


def drop_lease(connection: Connection, doc_id: DocId, person: str) -> None:
    """Take a text back from a person."""
    connection.execute(delete(leases).where(leases.c.doc_id == doc_id, leases.c.person == person))


def draft_of(connection: Connection, doc_id: DocId, person: str) -> Draft | None:
    """Return a person's unsaved work on a text."""
    query = select(drafts).where(drafts.c.doc_id == doc_id, drafts.c.person == person)
    row = connection.execute(query).first()
    if row is None:
        return None
    return Draft(spans_from_json(row.entities), spans_from_json(row.rejected), row.n, row.based_on, row.at)


def put_draft(connection: Connection, doc_id: DocId, person: str, draft: Draft, at: datetime) -> None:
    """Keep a person's unsaved work on a text in place of what they had there."""
    drop_drafts(connection, [doc_id], person)
    row = {
        "doc_id": doc_id,
        "person": person,
        "entities": spans_to_json(draft.entities),
        "rejected": spans_to_json(draft.rejected),
        "n": draft.n,
        "based_on": draft.based_on,
        "at": at,
    }
    connection.execute(insert(drafts), row)


def drop_drafts(connection: Connection, doc_ids: Sequence[DocId], person: str) -> None:
    """Forget a person's unsaved work on these texts."""
    connection.execute(delete(drafts).where(drafts.c.doc_id.in_(doc_ids), drafts.c.person == person))
