"""People's answers: appended, never changed; the latest counts."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, TextClause, func, insert, select

from allabel.document import Annotation, DocId, Document
from allabel.errors import StoreError
from allabel.store.codec import spans_from_json, spans_to_json
from allabel.store.documents import batches, known_text, stored_texts
from allabel.store.tables import SAVED, annotations, documents


def add_annotations(connection: Connection, new: Sequence[Annotation]) -> None:
    """Append; raises StoreError for an unknown document or an impossible time.

    A span outside its text raises SpanError.
    """
    for batch in batches(new):
        texts = stored_texts(connection, [annotation.doc_id for annotation in batch])
        rows = []
        for annotation in batch:
            # A Document checks that the spans lie inside its text.
            Document(annotation.doc_id, known_text(texts, annotation.doc_id), annotation.entities)
            rows.append(
                {
                    "doc_id": annotation.doc_id,
                    "entities": spans_to_json(annotation.entities),
                    "author": annotation.author,
                    "source": annotation.source,
                    "at": annotation.at,
                    "seconds": _seconds(annotation),
                    "based_on": annotation.based_on,
                    "save_id": annotation.save_id,
                    "suggested": annotation.suggested,
                    "blind": annotation.blind,
                }
            )
        connection.execute(insert(annotations), rows)


def latest_annotations(connection: Connection, since: int = 0) -> dict[DocId, Annotation]:
    """The latest answer for each document that was answered after number `since`, in import order."""
    latest = select(func.max(annotations.c.seq)).where(annotations.c.seq > since).group_by(annotations.c.doc_id)
    query = (
        select(annotations)
        .join(documents, documents.c.id == annotations.c.doc_id)
        .where(annotations.c.seq.in_(latest))
        .order_by(documents.c.position)
    )
    return {row.doc_id: _annotation(row) for row in connection.execute(query)}


def annotations_of(connection: Connection, ids: Iterable[DocId]) -> dict[DocId, Annotation]:
    """The latest answer for each of these documents that has one."""
    found: dict[DocId, Annotation] = {}
    for batch in batches(ids):
        latest = select(func.max(annotations.c.seq)).where(annotations.c.doc_id.in_(batch))
        query = select(annotations).where(annotations.c.seq.in_(latest.group_by(annotations.c.doc_id)))
        found.update((row.doc_id, _annotation(row)) for row in connection.execute(query))
    return found


def all_annotations(connection: Connection) -> list[Annotation]:
    """Every answer ever given, oldest first."""
    return [_annotation(row) for row in connection.execute(select(annotations).order_by(annotations.c.seq))]


def annotation_where(connection: Connection, *conditions: ColumnElement[bool] | TextClause) -> Annotation | None:
    """The latest answer that meets these conditions on the table."""
    row = connection.execute(select(annotations).where(*conditions).order_by(annotations.c.seq.desc()).limit(1)).first()
    return None if row is None else _annotation(row)


def annotation_saved(connection: Connection, save_id: str) -> Annotation | None:
    """The answer that was kept under this id of a save, which is not empty."""
    # Said in the words of the index, so that the database knows it may use it.
    return annotation_where(connection, annotations.c.save_id == save_id, SAVED)


def annotation_history(connection: Connection, doc_id: DocId) -> list[Annotation]:
    """Every answer ever given for a document, oldest first."""
    query = select(annotations).where(annotations.c.doc_id == doc_id).order_by(annotations.c.seq)
    return [_annotation(row) for row in connection.execute(query)]


def _annotation(row: Row[Any]) -> Annotation:
    return Annotation(
        doc_id=row.doc_id,
        entities=spans_from_json(row.entities),
        author=row.author,
        source=row.source,
        at=row.at,
        seconds=row.seconds,
        seq=row.seq,
        based_on=row.based_on,
        save_id=row.save_id,
        suggested=row.suggested,
        blind=row.blind,
    )


def _seconds(annotation: Annotation) -> float | None:
    seconds = annotation.seconds
    if seconds is not None and not 0 < seconds < math.inf:
        raise StoreError(
            f"the annotation of {annotation.doc_id!r} took {seconds} seconds, which cannot be",
            remedy="log a finite time above 0, or None where nobody measured",
        )
    return None if seconds is None else float(seconds)
