"""Texts and the gold that came with some of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, func, insert, select

from allabel.document import DocId, Document
from allabel.errors import StoreError
from allabel.store.codec import Json, spans_from_json, spans_to_json, values_from_json, values_to_json
from allabel.store.tables import documents, gold

# Below 999, the number of variables that SQLite before 3.32 takes in a statement.
BATCH = 900
T = TypeVar("T")
Gold = tuple[list[Json] | None, dict[str, list[str]] | None]


def batches(items: Iterable[T]) -> Iterator[list[T]]:
    """Cut what may be endless into lists of at most BATCH."""
    iterator = iter(items)
    while batch := list(islice(iterator, BATCH)):
        yield batch


def stored_texts(connection: Connection, ids: Sequence[DocId]) -> dict[DocId, str]:
    """Find the texts of these ids; an id the store does not hold is left out. At most BATCH ids."""
    rows = connection.execute(select(documents.c.id, documents.c.text).where(documents.c.id.in_(ids)))
    return {row.id: row.text for row in rows}


def known_text(texts: Mapping[DocId, str], id: DocId) -> str:
    """The text of a document. Raises StoreError naming the id when the store does not hold it."""
    if id not in texts:
        raise _unknown(id)
    return texts[id]


def _unknown(id: DocId) -> StoreError:
    return StoreError(f"the document {id!r} is not in the project", remedy="import its text first: allabel import FILE")


def same_text(texts: Mapping[DocId, str], id: DocId, text: str) -> None:
    """Raise StoreError when the store holds another text under this id, or none."""
    if known_text(texts, id) != text:
        raise StoreError(
            f"the id {id!r} is in the project already with another text; nothing was changed",
            remedy="give the new text an id of its own, or mend the file",
        )


def add_documents(connection: Connection, new: Iterable[Document]) -> int:
    """Insert the texts that are not there yet, in order; returns how many."""
    n_added = 0
    for batch in batches(new):
        texts = stored_texts(connection, [document.id for document in batch])
        rows: list[dict[str, Any]] = []
        for document in batch:
            if document.id in texts:
                same_text(texts, document.id, document.text)
                continue
            texts[document.id] = document.text
            rows.append({"id": document.id, "text": _storable(document), "meta": dict(document.meta)})
        if rows:
            connection.execute(insert(documents), rows)
        n_added += len(rows)
    return n_added


def _storable(document: Document) -> str:
    try:
        document.text.encode()
    except UnicodeEncodeError as error:
        raise StoreError(
            f"the text of {document.id!r} holds half a surrogate pair at {error.start}, which cannot be stored",
            remedy="mend that character in the file; it is not valid Unicode",
        ) from error
    return document.text


def add_gold(connection: Connection, answers: Iterable[Document]) -> int:
    """Keep each document's answer as its gold; returns how many had none before."""
    n_added = 0
    for batch in batches(document for document in answers if document.is_gold):
        ids = [document.id for document in batch]
        texts = stored_texts(connection, ids)
        query = select(gold.c.doc_id, gold.c.entities, gold.c["values"].label("gold_values"))
        held = connection.execute(query.where(gold.c.doc_id.in_(ids)))
        known: dict[DocId, Gold] = {row.doc_id: (row.entities, row.gold_values) for row in held}
        new: list[dict[str, Any]] = []
        for document in batch:
            same_text(texts, document.id, document.text)
            answer = _gold(document)
            if document.id not in known:
                known[document.id] = answer
                new.append({"doc_id": document.id, "entities": answer[0], "values": answer[1]})
            elif _meaning(known[document.id]) != _meaning(answer):
                raise StoreError(
                    f"the document {document.id!r} has other gold already; nothing was changed",
                    remedy="mend the file, or import it into a new project",
                )
        if new:
            connection.execute(insert(gold), new)
        n_added += len(new)
    return n_added


def _gold(document: Document) -> Gold:
    return (
        None if document.entities is None else spans_to_json(document.entities),
        None if document.values is None else values_to_json(document.values),
    )


def _meaning(answer: Gold) -> tuple[Any, Any]:
    """Gold as it is compared: the order of labels, and of a label's strings, says nothing."""
    entities, values = answer
    return entities, None if values is None else {label: set(strings) for label, strings in values.items()}


def all_documents(connection: Connection) -> list[Document]:
    """Every text, in import order."""
    return [_document(row) for row in connection.execute(select(documents).order_by(documents.c.position))]


def documents_of(connection: Connection, ids: Iterable[DocId]) -> dict[DocId, Document]:
    """The texts of these ids that the store holds."""
    found: dict[DocId, Document] = {}
    for batch in batches(ids):
        rows = connection.execute(select(documents).where(documents.c.id.in_(batch)))
        found.update((row.id, _document(row)) for row in rows)
    return found


def one_document(connection: Connection, id: DocId) -> Document:
    """One text. Raises StoreError naming the id when there is none."""
    row = connection.execute(select(documents).where(documents.c.id == id)).first()
    if row is None:
        raise _unknown(id)
    return _document(row)


def count_documents(connection: Connection) -> int:
    """How many texts there are."""
    return connection.execute(select(func.count()).select_from(documents)).scalar_one()


def all_gold(connection: Connection) -> dict[DocId, Document]:
    """Every document with gold, in import order, with its answer."""
    query = select(documents, gold.c.entities, gold.c["values"].label("gold_values"))
    rows = connection.execute(query.join(gold, gold.c.doc_id == documents.c.id).order_by(documents.c.position))
    return {
        row.id: Document(
            id=row.id,
            text=row.text,
            entities=None if row.entities is None else spans_from_json(row.entities),
            values=None if row.gold_values is None else values_from_json(row.gold_values),
            meta=row.meta,
        )
        for row in rows
    }


def _document(row: Row[Any]) -> Document:
    return Document(id=row.id, text=row.text, meta=row.meta)
