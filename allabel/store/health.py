"""How much the store holds, and whether it is sound."""

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Connection, Table, Text, cast, func, select

from allabel.document import Document
from allabel.errors import SpanError
from allabel.store.codec import reply_from_json, spans_from_json
from allabel.store.documents import count_documents
from allabel.store.records import Counts
from allabel.store.selections import count_waiting
from allabel.store.tables import annotations, documents, gold, metadata, tagged


def count(connection: Connection) -> Counts:
    """Count documents by their state, in SQL."""
    n_gold, n_annotated, n_tagged = (
        int(connection.execute(select(func.count(table.c.doc_id.distinct()))).scalar_one())
        for table in (gold, annotations, tagged)
    )
    return Counts(
        documents=count_documents(connection),
        gold=n_gold,
        annotated=n_annotated,
        queued=count_waiting(connection),
        tagged=n_tagged,
    )


def n_rows(connection: Connection) -> dict[str, int]:
    """Count the rows of every table."""
    tables = metadata.sorted_tables
    return {t.name: int(connection.execute(select(func.count()).select_from(t)).scalar_one()) for t in tables}


def problems(connection: Connection) -> Iterator[str]:
    """Say what is wrong: pages, references, and spans outside their text."""
    if connection.dialect.name == "sqlite":
        for (line,) in connection.exec_driver_sql("PRAGMA integrity_check").all():
            if line != "ok":
                yield f"the file is damaged: {line}"
        for table, row, parent, _ in connection.exec_driver_sql("PRAGMA foreign_key_check").all():
            yield f"row {row} of {table} names something that is not in {parent}"
    yield from _span_problems(connection, gold, gold.c.entities)
    yield from _span_problems(connection, annotations, annotations.c.entities)
    yield from _span_problems(connection, tagged, tagged.c.reply)


def _span_problems(connection: Connection, table: Table, column: Column[Any]) -> Iterator[str]:
    # The raw JSON: one unreadable row is a line of the answer, not the end of it.
    query = select(documents.c.id, documents.c.text, cast(column, Text).label("raw"))
    joined = query.join(table, table.c.doc_id == documents.c.id).where(cast(column, Text).is_not(None))
    for row in connection.execute(joined.order_by(documents.c.position)):
        try:
            data = json.loads(row.raw)
            spans = reply_from_json(data).spans if column.name == "reply" else spans_from_json(data)
            Document(row.id, row.text, spans)
        except SpanError as error:
            yield f"{table.name}: {error.problem} (document {row.id!r})"
        except (ValueError, TypeError, KeyError) as error:
            yield f"{table.name}: the row of document {row.id!r} cannot be read: {error!r}"
