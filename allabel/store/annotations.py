"""People's answers: appended, never changed; the latest counts."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from allabel.document import Annotation, DocId, Document
from allabel.store.codec import spans_from_json, spans_to_json
from allabel.store.documents import batches, known_text, stored_texts
from allabel.store.tables import annotations, documents


def add_annotations(connection: Connection, new: Sequence[Annotation]) -> None:
    """Append; raises StoreError for an unknown document and SpanError for a span outside its text."""
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
    )
