"""Which documents each selection picked, and which of them still wait for an annotation."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, insert, select

from allabel.document import DocId
from allabel.errors import StoreError
from allabel.store.documents import batches, known_text, stored_texts
from allabel.store.draws import DOUBLE, draw
from allabel.store.records import Pick, Selection
from allabel.store.tables import annotations, documents, picks, selections, steps


def add_selection(connection: Connection, selection: Selection, picked: Sequence[Pick]) -> int:
    """Keep a selection with its picks; returns the id it was given."""
    if selection.id is not None:
        raise StoreError(
            f"the selection has the id {selection.id} already", remedy="leave the id None; the store gives it one"
        )
    row = {name: getattr(selection, name) for name in ("strategy", "budget", "n_texts", "seed", "at")}
    key = connection.execute(insert(selections).values(row)).inserted_primary_key
    selection_id = int(key[0]) if key else 0
    add_picks(connection, selection_id, picked)
    return selection_id


def add_picks(connection: Connection, selection_id: int, picked: Sequence[Pick]) -> None:
    """Add picks to a selection, whatever selection they name; a document is picked once in each."""
    if connection.execute(select(selections.c.id).where(selections.c.id == selection_id)).first() is None:
        raise StoreError(f"there is no selection {selection_id}", remedy="see `allabel status` for those there are")
    for batch in batches(picked):
        ids = [pick.doc_id for pick in batch]
        texts = stored_texts(connection, ids)
        mine = select(picks.c.doc_id).where(picks.c.selection_id == selection_id, picks.c.doc_id.in_(ids))
        taken = set(connection.execute(mine).scalars())
        for pick in batch:
            known_text(texts, pick.doc_id)
            if pick.doc_id in taken:
                raise StoreError(
                    f"the document {pick.doc_id!r} is picked twice in selection {selection_id}",
                    remedy="mend the stage that picked it: its picks are unlabelled and unique",
                )
            taken.add(pick.doc_id)
        connection.execute(insert(picks), [_row(selection_id, pick) for pick in batch])


def all_selections(connection: Connection) -> list[Selection]:
    """Every selection, oldest first."""
    rows = connection.execute(select(selections).order_by(selections.c.id))
    return [Selection(row.id, row.strategy, row.budget, row.n_texts, row.seed, row.at) for row in rows]


def all_picks(connection: Connection, selection_id: int | None) -> list[Pick]:
    """The picks of one selection or of all, by selection and rank."""
    query = _by_rank()
    if selection_id is not None:
        query = query.where(picks.c.selection_id == selection_id)
    return [_pick(row) for row in connection.execute(query)]


def pick_of(connection: Connection, doc_id: DocId) -> Pick | None:
    """How a document was first picked; None where it never was."""
    query = select(picks).where(picks.c.doc_id == doc_id).order_by(picks.c.selection_id).limit(1)
    row = connection.execute(query).first()
    return None if row is None else _pick(row)


def add_steps(connection: Connection, selection_id: int, stages: Iterable[str]) -> None:
    """Keep that these stages of a selection are done, whether or not they picked anything."""
    done = set(done_steps(connection, selection_id))
    new = [{"selection_id": selection_id, "stage": stage} for stage in stages if stage not in done]
    if new:
        connection.execute(insert(steps), new)


def done_steps(connection: Connection, selection_id: int) -> list[str]:
    """The stages of a selection that are done, by name; none where an older allabel made the selection."""
    # Sorted here: servers order letters each in its own way.
    return sorted(connection.execute(select(steps.c.stage).where(steps.c.selection_id == selection_id)).scalars())


def waiting_picks(connection: Connection) -> list[Pick]:
    """The picks not annotated yet, by selection and rank; a document picked twice stands at its first place."""
    earlier = picks.alias("earlier")
    picked_before = (
        select(1).where(earlier.c.doc_id == picks.c.doc_id, earlier.c.selection_id < picks.c.selection_id).exists()
    )
    return [_pick(row) for row in connection.execute(_by_rank().where(unannotated(), ~picked_before))]


def unannotated() -> ColumnElement[bool]:
    """The condition that a pick's document has no annotation."""
    return ~select(1).select_from(annotations).where(annotations.c.doc_id == picks.c.doc_id).exists()


def count_picks(connection: Connection) -> int:
    """How many picks there are, a document that two selections picked twice."""
    return int(connection.execute(select(func.count()).select_from(picks)).scalar_one())


def count_waiting(connection: Connection) -> int:
    """How many distinct documents wait for an annotation."""
    query = select(func.count(picks.c.doc_id.distinct())).where(unannotated())
    return int(connection.execute(query).scalar_one())


def _by_rank() -> Select[Any]:
    # Import order decides between equal ranks, so that the queue is the same on every machine.
    joined = select(picks).join(documents, documents.c.id == picks.c.doc_id)
    return joined.order_by(picks.c.selection_id, picks.c.rank, documents.c.position)


def _row(selection_id: int, pick: Pick) -> dict[str, object]:
    return {
        "selection_id": selection_id,
        "doc_id": pick.doc_id,
        "stage": pick.stage,
        "rank": int(pick.rank),
        "score": float(pick.score),
        "reason": pick.reason,
        "draw": draw(pick.doc_id, DOUBLE),
    }


def _pick(row: Row[Any]) -> Pick:
    return Pick(row.doc_id, row.stage, row.rank, row.score, row.reason, row.selection_id)
