"""Jobs in the store: handed in whole, done in blocks, taken over when whoever worked on one is gone."""

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from allabel.store.documents import batches
from allabel.store.store import Store
from allabel.store.tables import job_texts, jobs

LEASE_S = 30.0
Line = dict[str, Any]


class State(StrEnum):
    """How far a job is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


OPEN = (State.QUEUED.value, State.RUNNING.value)


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands. key: whose it is. error: why it waits, "" where it does not."""

    id: str
    key: str
    state: State
    options: dict[str, Any]
    n_texts: int
    n_done: int
    n_failed: int
    error: str
    at: datetime
    ended: datetime | None


@dataclass(frozen=True, slots=True)
class JobText:
    """A text of a job, at place n from 0."""

    n: int
    doc_id: str
    text: str
    meta: dict[str, Any]


def _now() -> datetime:
    return datetime.now(UTC)


class JobStore:
    """The jobs of a project. owner: a name for this process, under which it takes jobs."""

    def __init__(
        self, store: Store, owner: str, lease_s: float = LEASE_S, clock: Callable[[], datetime] = _now
    ) -> None:
        self._store, self._owner, self._lease, self._clock = store, owner, timedelta(seconds=lease_s), clock

    def add(self, key: str, texts: Iterable[JobText], options: dict[str, Any], id: str = "") -> Job:
        """Keep a job, all of it or nothing; when this returns it survives a power cut.

        id: 32 hexadecimal digits, drawn by default; where there is a job with this one already, that is returned.
        """
        id, n = id or secrets.token_hex(16), 0
        with self._store.writes() as connection:
            if (kept := connection.execute(select(jobs).where(jobs.c.id == id)).first()) is not None:
                return _job(kept)
            row = {"id": id, "key": key, "state": State.QUEUED.value, "options": options, "at": self._clock()}
            row |= {"n_texts": 0, "n_done": 0, "n_failed": 0, "error": "", "owner": ""}
            connection.execute(insert(jobs), row)
            for batch in batches(texts):
                rows = [{"job": id, "n": t.n, "doc_id": t.doc_id, "text": t.text, "meta": t.meta} for t in batch]
                connection.execute(insert(job_texts), rows)
                n += len(batch)
            connection.execute(update(jobs).where(jobs.c.id == id).values(n_texts=n))
            return _job(connection.execute(select(jobs).where(jobs.c.id == id)).one())

    def get(self, id: str, key: str) -> Job | None:
        """Return a caller's job, None where they have no such job."""
        with self._store.reads() as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == id, jobs.c.key == key)).first()
        return None if row is None else _job(row)

    def all(self, key: str, most: int = 100) -> list[Job]:
        """Return a caller's jobs, newest first."""
        query = select(jobs).where(jobs.c.key == key).order_by(jobs.c.at.desc(), jobs.c.id).limit(most)
        with self._store.reads() as connection:
            return [_job(row) for row in connection.execute(query)]

    def cancel(self, id: str, key: str) -> Job | None:
        """Let no more of a caller's job be done; one that ended stays as it is. None where they have no such job."""
        with self._store.writes() as connection:
            mine = update(jobs).where(jobs.c.id == id, jobs.c.key == key, jobs.c.state.in_(OPEN))
            connection.execute(mine.values(state=State.CANCELLED.value, ended=self._clock(), owner="", until=None))
        return self.get(id, key)

    def lines(self, id: str, after: int, most: int) -> list[tuple[int, Line]]:
        """Return what was tagged, by place, beginning after one place."""
        query = select(job_texts.c.n, job_texts.c.line).where(job_texts.c.job == id, job_texts.c.n > after)
        query = query.where(job_texts.c.line.is_not(None)).order_by(job_texts.c.n).limit(most)
        with self._store.reads() as connection:
            return [(row.n, row.line) for row in connection.execute(query)]

    def claim(self) -> Job | None:
        """Take the oldest job that nobody works on; None where there is none."""
        now = self._clock()
        free = or_(jobs.c.until.is_(None), jobs.c.until < now)
        query = select(jobs).where(jobs.c.state.in_(OPEN), free).order_by(jobs.c.at, jobs.c.id).limit(1)
        with self._store.reads() as connection:
            if connection.execute(query).first() is None:
                return None
        with self._store.writes() as connection:
            row = connection.execute(query).first()
            if row is None:
                return None
            values = {"state": State.RUNNING.value, "owner": self._owner, "until": now + self._lease}
            connection.execute(update(jobs).where(jobs.c.id == row.id).values(**values))
            return _job(connection.execute(select(jobs).where(jobs.c.id == row.id)).one())

    def next_texts(self, id: str, n: int) -> list[JobText]:
        """Return the first n texts of a job that are not tagged."""
        query = select(job_texts).where(job_texts.c.job == id, job_texts.c.line.is_(None))
        with self._store.reads() as connection:
            rows = connection.execute(query.order_by(job_texts.c.n).limit(n))
            return [JobText(row.n, row.doc_id, row.text, row.meta) for row in rows]

    def keep(self, id: str, lines: Sequence[tuple[int, Line]]) -> bool:
        """Keep what was tagged, end the job where that was all; False where the job is no longer this process's.

        A line that is there already stays and is not counted again.
        """
        with self._store.writes() as connection:
            if not self._renew(connection, id, ""):
                return False
            n_done = n_failed = 0
            for n, line in lines:
                at = update(job_texts).where(job_texts.c.job == id, job_texts.c.n == n, job_texts.c.line.is_(None))
                if connection.execute(at.values(line=line)).rowcount:
                    n_done, n_failed = n_done + 1, n_failed + (line["status"] != "ok")
            counts = {"n_done": jobs.c.n_done + n_done, "n_failed": jobs.c.n_failed + n_failed}
            connection.execute(update(jobs).where(jobs.c.id == id).values(**counts))
            whole = update(jobs).where(jobs.c.id == id, jobs.c.n_done >= jobs.c.n_texts)
            connection.execute(whole.values(state=State.DONE.value, ended=self._clock(), owner="", until=None))
        return True

    def renew(self, id: str) -> bool:
        """Keep a job for as long as a lease again; False where it is no longer this process's."""
        with self._store.writes() as connection:
            return self._renew(connection, id, "")

    def wait(self, id: str, error: str, seconds: float) -> None:
        """Say why a job cannot go on just now, and leave it for so long, to others that wait."""
        with self._store.writes() as connection:
            if self._renew(connection, id, error):
                later = {"owner": "", "until": self._clock() + timedelta(seconds=seconds)}
                connection.execute(update(jobs).where(jobs.c.id == id).values(**later))

    def give_up(self, id: str, error: str) -> None:
        """Cancel a job that can never be done, and say why."""
        with self._store.writes() as connection:
            if self._renew(connection, id, error):
                over = {"state": State.CANCELLED.value, "ended": self._clock(), "owner": "", "until": None}
                connection.execute(update(jobs).where(jobs.c.id == id).values(**over))

    def release(self, id: str) -> None:
        """Give a job back, so that another process goes on with it at once."""
        with self._store.writes() as connection:
            mine = update(jobs).where(jobs.c.id == id, jobs.c.owner == self._owner)
            connection.execute(mine.values(owner="", until=None))

    def forget(self, days: float) -> int:
        """Remove the jobs that ended so many days ago; returns how many."""
        old = select(jobs.c.id).where(jobs.c.ended < self._clock() - timedelta(days=days))
        with self._store.reads() as connection:
            if not connection.execute(select(func.count()).select_from(old.subquery())).scalar_one():
                return 0
        with self._store.writes() as connection:
            ids = list(connection.execute(old).scalars())
            for some in batches(ids):
                connection.execute(delete(job_texts).where(job_texts.c.job.in_(some)))
                connection.execute(delete(jobs).where(jobs.c.id.in_(some)))
        return len(ids)

    def _renew(self, connection: Connection, id: str, error: str) -> bool:
        mine = update(jobs).where(jobs.c.id == id, jobs.c.owner == self._owner, jobs.c.state.in_(OPEN))
        return bool(connection.execute(mine.values(until=self._clock() + self._lease, error=error[:1000])).rowcount)


def _job(row: Row[Any]) -> Job:
    return Job(
        row.id,
        row.key,
        State(row.state),
        row.options,
        row.n_texts,
        row.n_done,
        row.n_failed,
        row.error,
        row.at,
        row.ended,
    )
