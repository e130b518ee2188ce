"""Whatever several people do in whatever order, the desk does as a small model of it says."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from people_at_work import TEXT, Clock, answer, desk, draft, queue

from allabel.document import DocId, Span
from allabel.errors import StoreError
from allabel.people.desk import ConflictError, Task
from allabel.people.drawn import double
from allabel.store import Store

PEOPLE, IDS = ("ada", "bo", "cy"), [f"t{i}" for i in range(5)]
MINUTES, SHARE = 30.0, 0.5
WHO, WHICH = st.sampled_from(PEOPLE), st.sampled_from(IDS)
SPANS = st.builds(
    lambda start, n: (Span(start, min(start + n, len(TEXT)), "Salt"),), st.integers(0, 8), st.integers(1, 5)
)


@dataclass
class Kept:
    """What the model knows of one text."""

    answers: list[tuple[str, tuple[Span, ...]]] = field(default_factory=list)
    leases: dict[str, float] = field(default_factory=dict)


class Desks(RuleBasedStateMachine):
    """People take, leave, draft, save, skip, and time passes; a page's knowledge may be old."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = Store.create(Path(self.folder.name) / "project.db")
        self.clock, self.minute, self.n = Clock(), 0.0, 0
        self.texts = {id: Kept() for id in IDS}
        self.drafts: dict[tuple[str, str], tuple[Span, ...]] = {}
        # Put off at all, and put off since the last work on it.
        self.ever_skipped: set[tuple[str, str]] = set()
        self.skipped: set[tuple[str, str]] = set()
        self.history: list[tuple[str, str]] = []
        self.shown: dict[str, Task] = {}
        self.saves: dict[str, tuple[str, str, tuple[Span, ...], int]] = {}

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()

    @initialize(order=st.permutations(IDS))
    def begin(self, order: list[str]) -> None:
        self.order = order
        queue(self.store, order)
        self.desks = {
            name: desk(self.store, name, self.clock, lease_minutes=MINUTES, double_share=SHARE) for name in PEOPLE
        }

    def seats(self, id: str) -> int:
        return 2 if double(DocId(id), SHARE) else 1

    def others(self, who: str, id: str) -> set[str]:
        return {name for name, until in self.texts[id].leases.items() if name != who and until > self.minute}

    def authors(self, id: str) -> set[str]:
        return {name for name, _ in self.texts[id].answers}

    def version(self, who: str, id: str) -> int:
        numbered = enumerate(self.history, start=1)
        seen = (n for n, (name, of) in numbered if of == id and (self.seats(id) == 1 or name == who))
        return max(seen, default=0)

    def may_have(self, who: str, id: str) -> bool:
        others, authors = self.others(who, id), self.authors(id)
        if self.seats(id) == 1:
            return not others
        if self.texts[id].leases.get(who, 0) > self.minute:
            return True
        if who in authors:
            return len(others) < 2
        return not others or len(others | authors) < 2

    def free(self, who: str, id: str) -> bool:
        others, authors = self.others(who, id), self.authors(id)
        if not authors and not others:
            return True
        return self.seats(id) == 2 and who not in authors and len(others | authors) < 2

    def waits_for(self, who: str, id: str) -> bool:
        return who not in self.authors(id) and len(self.authors(id)) < self.seats(id)

    def handed(self, who: str, task: Task) -> None:
        id = task.document.id
        assert self.may_have(who, id)
        self.texts[id].leases[who] = self.minute + MINUTES
        self.shown[who] = task
        assert task.version == self.version(who, id)
        mine = self.drafts.get((who, id))
        assert (task.draft.entities if task.draft else None) == mine

    @rule(who=WHO)
    def next(self, who: str) -> None:
        task = self.desks[who].next()
        at_hand = {
            id
            for id in IDS
            if ((who, id) in self.drafts and (who, id) not in self.skipped and self.reachable(who, id))
            or (self.texts[id].leases.get(who, 0) > self.minute and self.waits_for(who, id))
        }
        if at_hand:
            assert task is not None
            assert task.document.id in at_hand
        else:
            free = [id for id in self.order if self.free(who, id)]
            fresh = [id for id in free if (who, id) not in self.ever_skipped]
            assert (task is None) == (not free)
            assert task is None or task.document.id in (fresh[:1] or free)
        if task is not None:
            self.handed(who, task)

    def reachable(self, who: str, id: str) -> bool:
        return self.texts[id].leases.get(who, 0) > self.minute or not self.others(who, id)

    @rule(who=WHO, id=WHICH)
    def open(self, who: str, id: str) -> None:
        try:
            task = self.desks[who].open(DocId(id))
        except StoreError:
            assert not self.may_have(who, id)
        else:
            self.handed(who, task)

    @precondition(lambda self: self.shown)
    @rule(who=WHO, spans=SPANS)
    def type(self, who: str, spans: tuple[Span, ...]) -> None:
        if who not in self.shown:
            return
        id, self.n = self.shown[who].document.id, self.n + 1
        had = self.may_have(who, id)
        assert self.desks[who].keep_draft(id, draft(*spans, n=self.n, on=self.shown[who].version)) == had
        self.drafts[who, id] = spans
        self.skipped.discard((who, id))
        if had:
            self.texts[id].leases[who] = self.minute + MINUTES

    @precondition(lambda self: self.shown)
    @rule(who=WHO, spans=SPANS)
    def save(self, who: str, spans: tuple[Span, ...]) -> None:
        if who not in self.shown:
            return
        task, self.n = self.shown.pop(who), self.n + 1
        id, save_id = task.document.id, f"s{self.n}"
        mine = answer(id, *spans, on=task.version, save_id=save_id)
        if task.version != self.version(who, id):
            with pytest.raises(ConflictError) as conflict:
                self.desks[who].save(mine)
            assert conflict.value.theirs.seq == self.version(who, id)
            # What was refused becomes the draft, and so is at hand, unless it is the draft already.
            if self.drafts.get((who, id)) != spans:
                self.skipped.discard((who, id))
            self.drafts[who, id] = spans
            return
        kept = self.desks[who].save(mine)
        self.history.append((who, id))
        assert kept.seq == len(self.history)
        self.texts[id].answers.append((who, spans))
        self.texts[id].leases.pop(who, None)
        self.drafts.pop((who, id), None)
        self.saves[save_id] = (who, id, spans, task.version)

    @precondition(lambda self: self.saves)
    @rule(data=st.data())
    def save_again(self, data: st.DataObject) -> None:
        save_id = data.draw(st.sampled_from(sorted(self.saves)))
        who, id, spans, on = self.saves[save_id]
        assert self.desks[who].save(answer(id, *spans, on=on, save_id=save_id)).entities == spans

    @rule(who=WHO, id=WHICH)
    def skip(self, who: str, id: str) -> None:
        self.n += 1
        self.desks[who].skip(DocId(id), f"k{self.n}")
        self.texts[id].leases.pop(who, None)
        self.skipped.add((who, id))
        self.ever_skipped.add((who, id))

    @rule(who=WHO, id=WHICH)
    def release(self, who: str, id: str) -> None:
        self.desks[who].release(DocId(id))
        self.texts[id].leases.pop(who, None)

    @rule(minutes=st.sampled_from([1.0, 20.0, 31.0]))
    def time_passes(self, minutes: float) -> None:
        self.clock.pass_minutes(minutes)
        self.minute += minutes

    @invariant()
    def no_text_has_more_people_than_seats(self) -> None:
        for id, text in self.texts.items():
            assert sum(until > self.minute for until in text.leases.values()) <= self.seats(id)

    @invariant()
    def what_was_saved_is_there_in_order(self) -> None:
        kept = self.store.answers()
        assert [(a.author, a.doc_id) for a in kept] == self.history
        for id, text in self.texts.items():
            assert [(a.author, a.entities) for a in kept if a.doc_id == id] == text.answers


Desks.TestCase.settings = settings(max_examples=15, stateful_step_count=40, deadline=None)
TestDesks = Desks.TestCase
