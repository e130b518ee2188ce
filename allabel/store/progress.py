"""How far the work is: of the queue, and of one author; counted by the database."""

from datetime import datetime

from sqlalchemy import Connection, func, select

from allabel.store.records import Progress
from allabel.store.selections import count_waiting
from allabel.store.tables import annotations, picks


def progress(connection: Connection, author: str, since: datetime) -> Progress:
    """Count the texts an author answered since a moment, and the picked texts with and without an answer."""
    of = annotations.c
    mine = select(func.count(of.doc_id.distinct())).where(of.author == author, of.at >= since)
    n_picked = connection.execute(select(func.count(picks.c.doc_id.distinct()))).scalar_one()
    n_queued = count_waiting(connection)
    return Progress(connection.execute(mine).scalar_one(), n_queued, n_picked - n_queued)


def recent_seconds(connection: Connection, author: str, n: int) -> list[float]:
    """Return the seconds of an author's last n measured answers, newest first."""
    of = annotations.c
    query = select(of.seconds).where(of.author == author, of.seconds.is_not(None)).order_by(of.seq.desc()).limit(n)
    return list(connection.execute(query).scalars())
