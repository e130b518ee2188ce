"""People's answers: appended, never changed; the latest counts."""

import math
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from allabel.document import Annotation, DocId, Document
from allabel.errors import StoreError
from allabel.store.codec import spans_from_json, spans_to_json
from allabel.store.documents import batches, known_text, stored_texts
from allabel.store.tables import annotations, documents


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
                }
            )
        connection.execute(insert(annotations), rows)


def latest_annotations(connection: Connection) -> dict[DocId, Annotation]:
    """The latest answer for each annotated document, in import order."""
    latest = select(func.max(annotations.c.seq)).group_by(annotations.c.doc_id)
    query = (
        select(annotations)
        .join(documents, documents.c.id == annotations.c.doc_id)
        .where(annotations.c.seq.in_(latest))
        .order_by(documents.c.position)
    )
    return {row.doc_id: _annotation(row) for row in connection.execute(query)}


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
    )


def _seconds(annotation: Annotation) -> float | None:
    seconds = annotation.seconds
    if seconds is not None and not 0 < seconds < math.inf:
        raise StoreError(
            f"the annotation of {annotation.doc_id!r} took {seconds} seconds, which cannot be",
            remedy="log a finite time above 0, or None where nobody measured",
        )
    return None if seconds is None else float(seconds)
