"""What backends said of the texts: appended, never changed; the latest counts."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select

from allabel.document import DocId, Document
from allabel.reply import TaggedDocument
from allabel.store.codec import reply_from_json, reply_to_json
from allabel.store.documents import batches, same_text, stored_texts
from allabel.store.tables import documents, tagged


def add_tagged(connection: Connection, new: Sequence[TaggedDocument]) -> None:
    """Append; raises StoreError for a text the project does not hold and SpanError for a span outside its text."""
    now = datetime.now(UTC)
    for batch in batches(new):
        texts = stored_texts(connection, [document.id for document in batch])
        rows = []
        for document in batch:
            same_text(texts, document.id, document.text)
            # A Document checks that the spans lie inside its text.
            Document(document.id, document.text, document.reply.spans)
            rows.append(
                {
                    "doc_id": document.id,
                    "reply": reply_to_json(document.reply),
                    "backend": document.backend,
                    "model": document.model,
                    "at": now,
                }
            )
        connection.execute(insert(tagged), rows)


def latest_tagged(connection: Connection) -> dict[DocId, TaggedDocument]:
    """The latest reply for each tagged document, in import order; text and meta are the document's."""
    latest = select(func.max(tagged.c.seq)).group_by(tagged.c.doc_id)
    query = _tagged().where(tagged.c.seq.in_(latest)).order_by(documents.c.position)
    return {row.id: _document(row) for row in connection.execute(query)}


def tagged_of(connection: Connection, ids: Iterable[DocId]) -> dict[DocId, tuple[int, TaggedDocument]]:
    """The latest reply for each of these documents that has one, with its number."""
    found: dict[DocId, tuple[int, TaggedDocument]] = {}
    for batch in batches(ids):
        latest = select(func.max(tagged.c.seq)).where(tagged.c.doc_id.in_(batch)).group_by(tagged.c.doc_id)
        rows = connection.execute(_tagged().where(tagged.c.seq.in_(latest)))
        found.update((row.id, (row.seq, _document(row))) for row in rows)
    return found


def tagged_by_number(connection: Connection, numbers: Iterable[int]) -> dict[int, TaggedDocument]:
    """The replies kept under these numbers."""
    found: dict[int, TaggedDocument] = {}
    for batch in batches(numbers):
        rows = connection.execute(_tagged().where(tagged.c.seq.in_(batch)))
        found.update((row.seq, _document(row)) for row in rows)
    return found


def _tagged() -> Select[Any]:
    columns = (tagged.c.seq, tagged.c.reply, tagged.c.backend, tagged.c.model)
    return select(documents.c.id, documents.c.text, documents.c.meta, *columns).join(
        documents, documents.c.id == tagged.c.doc_id
    )


def _document(row: Row[Any]) -> TaggedDocument:
    return TaggedDocument(
        id=row.id, text=row.text, reply=reply_from_json(row.reply), backend=row.backend, model=row.model, meta=row.meta
    )
