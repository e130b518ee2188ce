"""How far the work is: by author, and of the queue; counted by the database."""

from datetime import datetime

from sqlalchemy import Connection, case, func, select

from allabel.store.records import PersonProgress, Progress
from allabel.store.selections import count_waiting
from allabel.store.tables import annotations, picks


def progress(connection: Connection, since: datetime) -> Progress:
    """Count answers by author, those since a moment apart, and the picked texts with and without one."""
    of = annotations.c
    newer = case((of.at >= since, of.doc_id))
    query = select(of.author, func.count(), func.count(of.doc_id.distinct()), func.count(newer.distinct())).group_by(
        of.author
    )
    medians = _median_seconds(connection)
    people = (
        PersonProgress(author, n_answers, n_texts, n_since, medians.get(author))
        for author, n_answers, n_texts, n_since in connection.execute(query)
    )
    n_picked = connection.execute(select(func.count(picks.c.doc_id.distinct()))).scalar_one()
    n_queued = count_waiting(connection)
    return Progress(tuple(sorted(people, key=lambda one: one.name)), n_queued, n_picked - n_queued)


def recent_seconds(connection: Connection, author: str, n: int) -> list[float]:
    """Return the seconds of an author's last n measured answers, newest first."""
    of = annotations.c
    query = select(of.seconds).where(of.author == author, of.seconds.is_not(None)).order_by(of.seq.desc()).limit(n)
    return list(connection.execute(query).scalars())


def _median_seconds(connection: Connection) -> dict[str, float]:
    of = annotations.c
    ranked = (
        select(
            of.author,
            of.seconds,
            func.row_number().over(partition_by=of.author, order_by=of.seconds).label("rank"),
            func.count().over(partition_by=of.author).label("n"),
        )
        .where(of.seconds.is_not(None))
        .subquery()
    )
    # SQLite has no median of its own: it is the middle one, or the mean of the two in the middle.
    middle = ranked.c.rank.in_([(ranked.c.n + 1) // 2, ranked.c.n // 2 + 1])
    query = select(ranked.c.author, func.avg(ranked.c.seconds)).where(middle).group_by(ranked.c.author)
    return {author: float(median) for author, median in connection.execute(query)}
