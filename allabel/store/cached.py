"""Answers of language models by the key of everything that decides them: asked once, read ever after."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select

from allabel.store.codec import Json
from allabel.store.documents import batches
from allabel.store.tables import cached_replies


def cached(connection: Connection, keys: Iterable[str]) -> dict[str, Json]:
    """Return the answers of those keys that have one."""
    found: dict[str, Json] = {}
    for batch in batches(keys):
        query = select(cached_replies.c.key, cached_replies.c.answer).where(cached_replies.c.key.in_(batch))
        found.update((row.key, row.answer) for row in connection.execute(query))
    return found


def add_cached(connection: Connection, new: Mapping[str, Json]) -> None:
    """Keep answers; the first of a key stays."""
    now = datetime.now(UTC)
    for batch in batches(new):
        query = select(cached_replies.c.key).where(cached_replies.c.key.in_(batch))
        held = set(connection.execute(query).scalars())
        rows = [{"key": key, "answer": new[key], "at": now} for key in batch if key not in held]
        if rows:
            connection.execute(insert(cached_replies), rows)
