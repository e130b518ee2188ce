"""Which text comes next for a person: found in the database, however long the queue is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Subquery, and_, func, literal, or_, select, union_all

from allabel.document import DocId
from allabel.people.drawn import double
from allabel.people.marks import Kind
from allabel.store.tables import annotations, documents, drafts, leases, marks, picks

# Answers of people for themselves. Any other (a file, a review) settles a text, also one that two people annotate.
PERSONAL = ("app", "restore")


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for a text, and when. double_share: the share of texts that two people annotate."""

    person: str
    now: datetime
    double_share: float


def open_text(connection: Connection, asker: Asker) -> DocId | None:
    """Return the text a person has at hand: one with work unsaved first, else one they have and did not answer."""
    held, of = leases.c, drafts.c
    by_others = select(1).where(held.doc_id == of.doc_id, held.person != asker.person, held.until > asker.now)
    put_off = select(1).where(
        marks.c.doc_id == of.doc_id,
        marks.c.person == asker.person,
        marks.c.kind == Kind.SKIP.value,
        marks.c.at >= of.at,
    )
    by_me = select(1).where(held.doc_id == of.doc_id, held.person == asker.person, held.until > asker.now)
    # Work on a text that somebody else took meanwhile waits until that one is through.
    free = or_(by_me.exists(), ~by_others.exists())
    unsaved = select(of.doc_id).where(of.person == asker.person, ~put_off.exists(), free)
    found = connection.execute(unsaved.order_by(of.at.desc(), of.doc_id).limit(1)).scalar()
    if found is not None:
        return DocId(found)
    in_hand = select(held.doc_id).where(
        held.person == asker.person, held.until > asker.now, ~_answered(held.doc_id, asker.person)
    )
    mine = map(DocId, connection.execute(in_hand.order_by(held.until.desc(), held.doc_id)).scalars().all())
    return next((doc_id for doc_id in mine if _is_open(connection, asker, doc_id)), None)


def _is_open(connection: Connection, asker: Asker, doc_id: DocId) -> bool:
    """Tell whether a text still waits for an answer: what one has in hand to read or to review does not."""
    answer = annotations.c
    query = select(answer.author, answer.source).where(answer.doc_id == doc_id).distinct()
    given = connection.execute(query).all()
    settled = any(row.source not in PERSONAL for row in given)
    n_seats = 2 if double(doc_id, asker.double_share) else 1
    return not settled and len({row.author for row in given}) < n_seats


def free_text(connection: Connection, asker: Asker) -> DocId | None:
    """Return the first text of the queue with a free seat for a person; those they skipped come last, oldest first."""
    skips = select(marks.c.doc_id, func.max(marks.c.seq).label("seq"))
    skipped = skips.where(marks.c.person == asker.person, marks.c.kind == Kind.SKIP.value)
    put_off = skipped.group_by(marks.c.doc_id).subquery()
    # Ordered by position without a join, so that the index on rank leads and the search ends at the first that fits.
    position = select(documents.c.position).where(documents.c.id == picks.c.doc_id).scalar_subquery()
    fresh = (
        select(picks.c.doc_id)
        .where(_has_seat(asker), picks.c.doc_id.not_in(select(put_off.c.doc_id)))
        .order_by(picks.c.selection_id, picks.c.rank, position)
        .limit(1)
    )
    found = connection.execute(fresh).scalar()
    if found is None:
        found = connection.execute(_put_off(asker, put_off)).scalar()
    return None if found is None else DocId(found)


def before(connection: Connection, person: str, doc_id: DocId) -> DocId | None:
    """Return the text that a person last answered or skipped before they did this one; the last where they did not."""
    answers = select(annotations.c.doc_id, annotations.c.at).where(annotations.c.author == person)
    skips = select(marks.c.doc_id, marks.c.at).where(marks.c.person == person, marks.c.kind == Kind.SKIP.value)
    touched = union_all(answers, skips).subquery()
    latest = select(touched.c.doc_id, func.max(touched.c.at).label("at")).group_by(touched.c.doc_id).subquery()
    here = connection.execute(select(latest.c.at).where(latest.c.doc_id == doc_id)).scalar()
    query = select(latest.c.doc_id).where(latest.c.doc_id != doc_id)
    if here is not None:
        query = query.where(or_(latest.c.at < here, and_(latest.c.at == here, latest.c.doc_id < doc_id)))
    found = connection.execute(query.order_by(latest.c.at.desc(), latest.c.doc_id.desc()).limit(1)).scalar()
    return None if found is None else DocId(found)


def _put_off(asker: Asker, put_off: Subquery) -> Select[Any]:
    return (
        select(picks.c.doc_id)
        .join(put_off, put_off.c.doc_id == picks.c.doc_id)
        .where(_has_seat(asker))
        .order_by(put_off.c.seq)
        .limit(1)
    )


def _has_seat(asker: Asker) -> ColumnElement[bool]:
    """The condition that a pick's text waits for one more answer, and that nobody else is about to give it."""
    answer, held, doc_id = annotations.c, leases.c, picks.c.doc_id
    any_answer = select(1).where(answer.doc_id == doc_id).exists()
    by_others = and_(held.doc_id == doc_id, held.person != asker.person, held.until > asker.now)
    any_lease = select(1).where(by_others).exists()
    single = and_(~any_answer, ~any_lease)
    if not asker.double_share:
        return single
    settled = select(1).where(answer.doc_id == doc_id, answer.source.not_in(PERSONAL)).exists()
    n_answers = select(func.count(answer.author.distinct())).where(answer.doc_id == doc_id).scalar_subquery()
    n_leases = select(func.count()).select_from(leases).where(by_others, ~_answered_by(held.doc_id, held.person))
    seats = and_(
        picks.c.draw < literal(asker.double_share),
        ~_answered(doc_id, asker.person),
        ~settled,
        n_answers + n_leases.scalar_subquery() < 2,
    )
    return or_(single, seats)


def _answered(doc_id: ColumnElement[str], person: str) -> ColumnElement[bool]:
    return _answered_by(doc_id, literal(person))


def _answered_by(doc_id: ColumnElement[str], person: ColumnElement[str]) -> ColumnElement[bool]:
    mine = annotations.alias()
    return select(1).where(mine.c.doc_id == doc_id, mine.c.author == person).exists()
