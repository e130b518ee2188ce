"""A small model of the server's jobs and keys, for processes that hold, lose and take over work."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from model_of_desks import PEOPLE
from people_at_work import Clock

from allabel.errors import InputError
from allabel.server.job_store import Job, JobStore, JobText, State
from allabel.server.keys import Keys, Scope
from allabel.store import Store

LEASE = timedelta(seconds=30)
TICK = timedelta(microseconds=1)
OPEN = (State.QUEUED, State.RUNNING)
CALLERS = ("lab", "shop")
ENDS = ("renew", "wait", "give_up", "release")
WHO, CALLER = st.sampled_from(PEOPLE), st.sampled_from(CALLERS)


@dataclass
class Course:
    """What the model knows of a job. until: nobody else may take it before."""

    id: str
    key: str
    n_texts: int
    at: datetime
    state: State = State.QUEUED
    owner: str = ""
    until: datetime | None = None
    error: str = ""
    ended: datetime | None = None
    lines: dict[int, dict] = field(default_factory=dict)

    @property
    def told(self) -> tuple[object, ...]:
        n_failed = sum(line["status"] != "ok" for line in self.lines.values())
        return self.state, self.n_texts, len(self.lines), n_failed, self.error, self.ended is None

    def end(self, state: State, at: datetime) -> None:
        self.state, self.owner, self.until, self.ended = state, "", None, at


class Server(RuleBasedStateMachine):
    """Callers hand jobs in, processes take and lose them, the clock steps on and back; keys come and go."""

    def __init__(self, stores: list[Store]) -> None:
        super().__init__()
        self.stores, self.n = dict(zip(PEOPLE, stores, strict=True)), 0
        self.clock = Clock()
        self.jobs: list[Course] = []
        self.keys: dict[str, tuple[str, bool]] = {}

    @initialize()
    def begin(self) -> None:
        lease_s = LEASE.total_seconds()
        self.workers = {name: JobStore(store, name, lease_s, self.clock) for name, store in self.stores.items()}
        for n_texts in (2, 4):
            self.add(PEOPLE[0], CALLERS[0], n_texts)

    def pick(self, data: st.DataObject) -> Course:
        return data.draw(st.sampled_from(self.jobs))

    def one_at_work(self, data: st.DataObject) -> tuple[str, Course]:
        """Draw a process and a job: often one that it has."""
        have = [(job.owner, job) for job in self.jobs if job.owner]
        if have and data.draw(st.integers(0, 3)):
            return data.draw(st.sampled_from(have))
        return data.draw(WHO), self.pick(data)

    def renewed(self, who: str, job: Course, error: str = "") -> bool:
        """What a process may do only as long as the job is its own."""
        if job.owner != who or job.state not in OPEN:
            return False
        job.until, job.error = self.clock.now + LEASE, error
        return True

    @rule(who=WHO, key=CALLER, data=st.data(), what=st.sampled_from(["add", "add", "again", "cancel", "forget"]))
    def ask(self, who: str, key: str, data: st.DataObject, what: str) -> None:
        """What callers do, and time does."""
        worker = self.workers[who]
        if what == "add" or not self.jobs:
            self.add(who, key, data.draw(st.integers(1, 4)))
        elif what == "again":
            known = self.pick(data)
            assert self.told(worker.add(known.key, [], {}, id=known.id)) == known.told
        elif what == "cancel":
            job = self.pick(data)
            told = worker.cancel(job.id, key)
            assert (told is None) == (key != job.key)
            if told is not None and job.state in OPEN:
                job.end(State.CANCELLED, self.clock.now)
        else:
            now = self.clock.now + TICK
            old = [job for job in self.jobs if job.ended is not None and job.ended < now - timedelta(days=1)]
            assert worker.forget(1) == len(old)
            self.jobs = [job for job in self.jobs if job not in old]

    def add(self, who: str, key: str, n_texts: int) -> None:
        texts = [JobText(n, f"d{n}", f"text {n}", {}) for n in range(n_texts)]
        job = self.workers[who].add(key, texts, {})
        self.jobs.append(Course(job.id, key, n_texts, job.at))

    # Few rules with much in them: Hypothesis leaves some rules out of each course of events.
    @rule(data=st.data(), how=st.sampled_from(["claim", "claim", "keep", "keep", "keep", *ENDS]))
    def work(self, data: st.DataObject, how: str) -> None:
        """What processes do."""
        if how == "claim":
            self.claim(data.draw(WHO))
        elif self.jobs:
            who, job = self.one_at_work(data)
            if how == "keep":
                self.keep(who, job, data)
            else:
                self.end(who, job, how)

    def claim(self, who: str) -> None:
        now = self.clock.now + TICK
        free = [job for job in self.jobs if job.state in OPEN and (job.until is None or job.until < now)]
        taken = self.workers[who].claim()
        if not free:
            assert taken is None
            return
        first = min(free, key=lambda job: (job.at, job.id))
        assert taken is not None
        assert taken.id == first.id
        first.state, first.owner, first.until = State.RUNNING, who, now + LEASE

    def keep(self, who: str, job: Course, data: st.DataObject) -> None:
        """Also lines that are kept by now, as somebody does who heard nothing of it."""
        numbers = data.draw(st.lists(st.integers(0, job.n_texts - 1), unique=True, max_size=2))
        self.n += 1
        lines = [(n, {"status": data.draw(st.sampled_from(["ok", "failed"])), "by": self.n}) for n in numbers]
        kept = self.workers[who].keep(job.id, lines)
        assert kept == self.renewed(who, job)
        if kept:
            job.lines = dict(lines) | job.lines
            if len(job.lines) == job.n_texts:
                job.end(State.DONE, self.clock.now)

    def end(self, who: str, job: Course, how: str) -> None:
        worker = self.workers[who]
        match how:
            case "renew":
                assert worker.renew(job.id) == self.renewed(who, job)
            case "wait":
                worker.wait(job.id, "the model is away", 10)
                if self.renewed(who, job, "the model is away"):
                    job.owner, job.until = "", self.clock.now + timedelta(seconds=10)
            case "give_up":
                worker.give_up(job.id, "no such label")
                if self.renewed(who, job, "no such label"):
                    job.end(State.CANCELLED, self.clock.now)
            case "release":
                worker.release(job.id)
                if job.owner == who:
                    job.owner, job.until = "", None

    @rule(seconds=st.sampled_from([3.0, 11.0, 31.0, 31.0, -7.0, 90_000.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.pass_minutes(seconds / 60)

    @rule(who=WHO, name=CALLER, adds=st.booleans())
    def change_keys(self, who: str, name: str, adds: bool) -> None:
        keys = Keys(self.stores[who])
        in_use = [token for token, (of, is_open) in self.keys.items() if of == name and is_open]
        if adds and in_use:
            with pytest.raises(InputError, match="already"):
                keys.add(name, [Scope.TAG])
        elif adds:
            self.keys[keys.add(name, [Scope.TAG])[1]] = (name, True)
        elif in_use:
            keys.revoke(name)
            self.keys |= dict.fromkeys(in_use, (name, False))
        else:
            with pytest.raises(InputError, match="no key"):
                keys.revoke(name)

    @invariant()
    def every_key_opens_until_it_is_revoked_and_never_after(self) -> None:
        keys = Keys(self.stores[PEOPLE[0]])
        for token, (name, in_use) in self.keys.items():
            found = keys.check(token)
            assert (found.name if found else None) == (name if in_use else None)

    @invariant()
    def every_job_is_as_far_as_what_was_kept_of_it(self) -> None:
        if not hasattr(self, "workers"):
            return
        worker = self.workers[PEOPLE[-1]]
        for job in self.jobs:
            there = worker.get(job.id, job.key)
            assert there is not None
            assert self.told(there) == job.told
            assert dict(worker.lines(job.id, -1, 10)) == job.lines
            assert [text.n for text in worker.next_texts(job.id, 10)] == sorted(set(range(job.n_texts)) - {*job.lines})

    @staticmethod
    def told(job: Job) -> tuple[object, ...]:
        return job.state, job.n_texts, job.n_done, job.n_failed, job.error, job.ended is None
