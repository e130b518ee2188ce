"""A small model of who has which text and what is kept of it, and the desks that have to do as it says."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from people_at_work import NOW, TEXT, Clock, desk, draft, queue

from allabel.document import Annotation, DocId, Document, Span
from allabel.errors import StoreError
from allabel.people.desk import Answer, ConflictError, Desk, Task
from allabel.people.drawn import double
from allabel.store import Pick, Selection, Store

# The last one reviews.
PEOPLE = ("ada", "bo", "cy", "rex")
REVIEWER = "rex"
QUEUED, LATER = [f"t{i}" for i in range(5)], ["t5", "t6"]
IDS = QUEUED + LATER
LEASE, SHARE = timedelta(minutes=30), 0.5
WHO, WHICH = st.sampled_from(PEOPLE), st.sampled_from(IDS)
SPANS = st.builds(
    lambda start, n: (Span(start, min(start + n, len(TEXT)), "Salt"),), st.integers(0, 8), st.integers(1, 5)
)


@dataclass(frozen=True)
class Kept:
    """An answer; the list of all of them is the history."""

    author: str
    id: str
    spans: tuple[Span, ...]
    source: str

    @property
    def settles(self) -> bool:
        return self.source not in ("app", "restore")


class Desks(RuleBasedStateMachine):
    """People take, leave, draft, save, skip, restore; files come in, time passes; a page's knowledge may be old.

    stores: of one empty database, one for each person, as in programs of their own.
    """

    def __init__(self, stores: list[Store]) -> None:
        super().__init__()
        self.stores, self.store = dict(zip(PEOPLE, stores, strict=True)), stores[0]
        self.clock, self.n = Clock(), 0
        self.hands: dict[str, dict[str, datetime]] = {id: {} for id in IDS}
        self.order: list[str] = []
        self.kept: list[Kept] = []
        self.drafts: dict[tuple[str, str], tuple[Span, ...]] = {}
        # Put off at all, and put off since the last work on it.
        self.ever_skipped: set[tuple[str, str]] = set()
        self.skipped: set[tuple[str, str]] = set()
        self.shown: dict[str, Task] = {}
        self.saves: dict[str, tuple[str, Answer]] = {}
        self.skips: dict[str, tuple[str, str]] = {}

    @initialize(order=st.permutations(QUEUED))
    def begin(self, order: list[str]) -> None:
        queue(self.store, order)
        self.store.add_documents(Document(DocId(id), TEXT) for id in LATER)
        self.order = list(order)
        same = {"lease_minutes": LEASE.total_seconds() / 60, "double_share": SHARE}
        self.desks: dict[str, Desk] = {
            name: desk(self.stores[name], name, self.clock, reviews=name == REVIEWER, **same) for name in PEOPLE
        }

    def seats(self, id: str) -> int:
        return 2 if double(DocId(id), SHARE) else 1

    def holders(self, id: str) -> set[str]:
        return {name for name, until in self.hands[id].items() if until > self.clock.now}

    def authors(self, id: str) -> set[str]:
        return {one.author for one in self.kept if one.id == id}

    def is_settled(self, id: str) -> bool:
        return any(one.settles for one in self.kept if one.id == id)

    def latest(self, who: str, id: str) -> tuple[int, Kept | None]:
        """The answer this person sees, with its number; of a doubled text, others' own answers are hidden."""
        for n, one in reversed(list(enumerate(self.kept, start=1))):
            if one.id == id and (who == REVIEWER or self.seats(id) == 1 or one.author == who or one.settles):
                return n, one
        return 0, None

    def may_have(self, who: str, id: str) -> bool:
        others, authors = self.holders(id) - {who}, self.authors(id)
        if self.seats(id) == 1 or who == REVIEWER:
            return not others
        if who in self.holders(id):
            return True
        if who in authors:
            return len(others) < 2
        return not others or len(others | authors) < 2

    def free(self, who: str, id: str) -> bool:
        others, authors = self.holders(id) - {who}, self.authors(id)
        if not authors and not others:
            return True
        if self.seats(id) == 1 or self.is_settled(id) or who in authors:
            return False
        return len(others | authors) < 2

    def waits_for(self, who: str, id: str) -> bool:
        authors = self.authors(id)
        return who not in authors and len(authors) < self.seats(id) and not self.is_settled(id)

    def at_hand(self, who: str) -> set[str]:
        mine = {id for id in IDS if who in self.holders(id)}
        reachable = mine | {id for id in IDS if not self.holders(id)}
        drafted = {id for name, id in self.drafts if name == who and (who, id) not in self.skipped}
        return drafted & reachable | {id for id in mine if self.waits_for(who, id)}

    def lease(self, who: str, id: str) -> None:
        self.hands[id][who] = self.clock.now + LEASE

    def append(self, who: str, id: str, spans: tuple[Span, ...], source: str) -> None:
        self.kept.append(Kept(who, id, spans, source))

    def handed(self, who: str, task: Task) -> None:
        id = str(task.document.id)
        assert self.may_have(who, id)
        self.lease(who, id)
        self.shown[who] = task
        n, latest = self.latest(who, id)
        assert (task.version, task.entities, task.answered) == (n, latest.spans if latest else (), latest is not None)
        assert (task.draft.entities if task.draft else None) == self.drafts.get((who, id))

    @rule(who=st.sampled_from(PEOPLE[:-1]))
    def next(self, who: str) -> None:
        task = self.desks[who].next()
        if at_hand := self.at_hand(who):
            assert task is not None
            assert task.document.id in at_hand
        else:
            free = [id for id in self.order if self.free(who, id)]
            fresh = [id for id in free if (who, id) not in self.ever_skipped]
            assert (task is None) == (not free)
            assert task is None or task.document.id in (fresh[:1] or free)
        if task is not None:
            self.handed(who, task)

    @rule(who=WHO, id=WHICH)
    def open(self, who: str, id: str) -> None:
        try:
            task = self.desks[who].open(DocId(id))
        except StoreError:
            assert not self.may_have(who, id)
        else:
            self.handed(who, task)

    @precondition(lambda self: self.shown)
    @rule(data=st.data(), spans=SPANS)
    def type(self, data: st.DataObject, spans: tuple[Span, ...]) -> None:
        who = data.draw(st.sampled_from(sorted(self.shown)))
        id, on, self.n = str(self.shown[who].document.id), self.shown[who].version, self.n + 1
        (seq, latest), had = self.latest(who, id), self.may_have(who, id)
        told = self.desks[who].keep_draft(DocId(id), draft(*spans, n=self.n, on=on))
        if (who, id) not in self.drafts and latest is not None and latest.author == who and seq > on:
            assert told  # from before their own answer: it came late
            return
        assert told == had
        self.drafts[who, id] = spans
        self.skipped.discard((who, id))
        if had:
            self.lease(who, id)

    @precondition(lambda self: self.shown)
    @rule(data=st.data(), spans=SPANS)
    def save(self, data: st.DataObject, spans: tuple[Span, ...]) -> None:
        who = data.draw(st.sampled_from(sorted(self.shown)))
        task, self.n = self.shown.pop(who), self.n + 1
        id, source = str(task.document.id), "review" if who == REVIEWER else "app"
        mine = Answer(DocId(id), spans, task.version, f"s{self.n}", 1.0, source)
        if task.version != (now := self.latest(who, id)[0]):
            with pytest.raises(ConflictError) as conflict:
                self.desks[who].save(mine)
            assert conflict.value.theirs.seq == now
            # What was refused becomes the draft, and so is at hand, unless it is the draft already.
            if self.drafts.get((who, id)) != spans:
                self.skipped.discard((who, id))
            self.drafts[who, id] = spans
            return
        kept = self.desks[who].save(mine)
        self.append(who, id, spans, source)
        assert kept.seq == len(self.kept)
        self.hands[id].pop(who, None)
        self.drafts.pop((who, id), None)
        self.saves[mine.save_id] = (who, mine)

    @precondition(lambda self: self.saves)
    @rule(data=st.data())
    def save_again(self, data: st.DataObject) -> None:
        who, mine = self.saves[data.draw(st.sampled_from(sorted(self.saves)))]
        assert self.desks[who].save(mine).entities == mine.entities

    @rule(who=WHO, id=WHICH)
    def skip(self, who: str, id: str) -> None:
        self.n += 1
        self.desks[who].skip(DocId(id), f"k{self.n}")
        self.hands[id].pop(who, None)
        self.skipped.add((who, id))
        self.ever_skipped.add((who, id))
        self.skips[f"k{self.n}"] = (who, id)

    @precondition(lambda self: self.skips)
    @rule(data=st.data())
    def skip_again(self, data: st.DataObject) -> None:
        save_id = data.draw(st.sampled_from(sorted(self.skips)))
        who, id = self.skips[save_id]
        self.desks[who].skip(DocId(id), save_id)

    @rule(who=WHO, id=WHICH)
    def release(self, who: str, id: str) -> None:
        self.desks[who].release(DocId(id))
        self.hands[id].pop(who, None)

    @rule(who=WHO, id=WHICH)
    def discard(self, who: str, id: str) -> None:
        self.desks[who].discard(DocId(id))
        self.hands[id].pop(who, None)
        self.drafts.pop((who, id), None)

    @precondition(lambda self: self.kept)
    @rule(who=WHO, data=st.data())
    def restore(self, who: str, data: st.DataObject) -> None:
        seq = data.draw(st.integers(1, len(self.kept)))
        older = self.kept[seq - 1]
        self.desks[who].restore(DocId(older.id), seq)
        self.append(who, older.id, older.spans, "restore")

    @rule(id=WHICH, spans=SPANS)
    def a_file_comes_in(self, id: str, spans: tuple[Span, ...]) -> None:
        self.store.add_documents([Document(DocId(id), TEXT)])
        self.store.add_annotations([Annotation(DocId(id), spans, "import", "more.jsonl", self.clock())])
        self.append("import", id, spans, "more.jsonl")

    @precondition(lambda self: len(self.order) < len(IDS))
    @rule()
    def more_is_queued(self) -> None:
        picks = [Pick(DocId(id), "uniform", n, 0.0, "drawn", 0) for n, id in enumerate(LATER, start=1)]
        self.store.add_selection(Selection(None, "uniform", "2", len(LATER), 0, NOW), picks)
        self.order += LATER

    @rule(minutes=st.sampled_from([1.0, 20.0, 31.0]))
    def time_passes(self, minutes: float) -> None:
        self.clock.pass_minutes(minutes)

    @invariant()
    def no_text_has_more_people_than_seats(self) -> None:
        assert all(len(self.holders(id)) <= self.seats(id) for id in IDS)

    @invariant()
    def what_was_saved_is_there_in_order(self) -> None:
        there = [Kept(a.author, str(a.doc_id), a.entities, a.source) for a in self.store.answers()]
        assert there == self.kept
