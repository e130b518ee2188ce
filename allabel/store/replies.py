"""What backends said of the texts: appended, never changed; the latest counts."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, func, insert, select

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
    query = (
        select(documents.c.id, documents.c.text, documents.c.meta, tagged.c.reply, tagged.c.backend, tagged.c.model)
        .join(documents, documents.c.id == tagged.c.doc_id)
        .where(tagged.c.seq.in_(latest))
        .order_by(documents.c.position)
    )
    return {
        row.id: TaggedDocument(
            id=row.id,
            text=row.text,
            reply=reply_from_json(row.reply),
            backend=row.backend,
            model=row.model,
            meta=row.meta,
        )
        for row in connection.execute(query)
    }
