"""A small model of the questions about single words, beside that of the texts they stand in."""

from dataclasses import dataclass
from datetime import datetime

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule
from model_of_desks import LEASE, PEOPLE, QUEUED, Desks
from people_at_work import NOW, SCHEMA

from allabel.config import Settings
from allabel.document import DocId, Span
from allabel.people.accounts import Person
from allabel.people.asking import QuestionDesk, Said
from allabel.people.roles import Role
from allabel.store.questions import SETTLING, Asking, Question, Says, add_asking, asked_by, count_open, standing

WORDS = ((0, 4), (5, 7), (8, 13))
WHO = st.sampled_from(PEOPLE)
SAYS = st.sampled_from([Says.ENTITY, Says.OUTSIDE, Says.UNKNOWN, Says.UNDONE])


@dataclass(frozen=True)
class Asked:
    """A question: its number, its word, and the model that asks."""

    number: int
    id: str
    start: int
    end: int
    model: str


class DesksAndQuestions(Desks):
    """As `Desks`; besides, models ask about words, and the same people answer."""

    @initialize()
    def begin_to_ask(self) -> None:
        settings = Settings(lease_minutes=LEASE.total_seconds() / 60)
        self.questioned = {
            name: QuestionDesk(self.stores[name], SCHEMA, Person(name, Role.ANNOTATOR, True, NOW), settings, self.clock)
            for name in PEOPLE
        }
        self.asked: list[Asked] = []
        self.said: list[tuple[str, Said]] = []
        self.held: dict[int, tuple[str, datetime]] = {}

    def standing(self) -> list[tuple[str, Said]]:
        last = {(who, said.question): n for n, (who, said) in enumerate(self.said)}
        return [self.said[n] for n in sorted(last.values()) if self.said[n][1].says in SETTLING]

    def open_questions(self) -> list[Asked]:
        def is_said(one: Asked) -> bool:
            return any(
                self.asked[said.question - 1].id == one.id and said.start < one.end and said.end > one.start
                for _, said in self.standing()
            )

        newest = self.asked[-1].model if self.asked else ""
        found = [one for one in self.asked if one.model == newest and not is_said(one)]
        return [one for one in found if not self.authors(one.id)]

    def knows_not(self, who: str, number: int) -> bool:
        mine = [said.says for name, said in self.said if (name, said.question) == (who, number)]
        return mine[-1:] == [Says.UNKNOWN]

    def holder(self, number: int) -> str | None:
        who, until = self.held.get(number, (None, self.clock.now))
        return who if until > self.clock.now else None

    @rule(ids=st.lists(st.sampled_from(QUEUED), min_size=1, max_size=3, unique=True), model=st.sampled_from("mn"))
    def a_model_asks(self, ids: list[str], model: str) -> None:
        words = [(id, *WORDS[n % 3]) for n, id in enumerate(ids, start=len(self.asked))]
        new = [Question(None, DocId(id), start, end, Span(start, end, "Salt"), 0.1) for id, start, end in words]
        with self.store.writes() as connection:
            add_asking(connection, Asking(None, "entity", "breaking_ties", len(new), model, NOW), new)
            numbers = [one.id for one in asked_by(connection, model)][-len(new) :]
        assert numbers == [len(self.asked) + n for n in range(1, len(new) + 1)]
        self.asked += [Asked(n, *word, model) for n, word in zip(numbers, words, strict=True)]

    @precondition(lambda self: self.asked)
    @rule(who=WHO, n=st.integers(1, 3))
    def next_questions(self, who: str, n: int) -> None:
        open_now = [one.number for one in self.open_questions() if not self.knows_not(who, one.number)]
        mine = [number for number in open_now if self.holder(number) == who]
        others = [number for number in open_now if self.holder(number) is None]
        expected = (mine[:n] + others)[:n]
        assert [one.question.id for one in self.questioned[who].next(n)] == expected
        self.held |= dict.fromkeys(expected, (who, self.clock.now + LEASE))

    @precondition(lambda self: self.asked)
    @rule(who=WHO, says=SAYS, data=st.data(), again=st.booleans())
    def answer_question(self, who: str, says: Says, data: st.DataObject, again: bool) -> None:
        asked, self.n = data.draw(st.sampled_from(self.asked)), self.n + 1
        start, end = data.draw(st.sampled_from([(asked.start, asked.end), (0, 13)]))
        if says is not Says.ENTITY:
            start, end = asked.start, asked.end
        label = "Salt" if says is Says.ENTITY else ""
        said = Said(asked.number, says, f"q{self.n}", label, start, end, 1.0)
        # A page that heard nothing sends it again.
        for _ in range(1 + again):
            self.questioned[who].answer(said)
        self.said.append((who, said))
        if self.held.get(asked.number, ("",))[0] == who:
            del self.held[asked.number]
        if says is Says.UNDONE and self.holder(asked.number) is None:
            self.held[asked.number] = (who, self.clock.now + LEASE)

    @precondition(lambda self: self.held)
    @rule(who=WHO)
    def release_questions(self, who: str) -> None:
        self.questioned[who].release()
        self.held = {number: (name, until) for number, (name, until) in self.held.items() if name != who}

    @invariant()
    def every_answer_that_stands_is_there_once(self) -> None:
        if not hasattr(self, "said"):
            return
        with self.store.reads() as connection:
            there = [(one.person, one.question, one.says, one.start, one.end) for one in standing(connection)]
            n_open = count_open(connection)
        assert there == [(who, said.question, said.says, said.start, said.end) for who, said in self.standing()]
        assert n_open == len(self.open_questions())
