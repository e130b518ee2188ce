"""Choosing what to annotate in one project: a selection is begun, gone on with after annotation, and planned."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from allabel.annotate.base import Annotator, Demonstration
from allabel.config import Settings
from allabel.errors import BudgetError, InputError
from allabel.schema import LabelSchema
from allabel.select.afford import check_budget
from allabel.select.base import Pool
from allabel.select.budget import Budget, count_tokens
from allabel.select.chain import NAMED_CHAINS, Chain, Step, asks_annotator
from allabel.select.cost import CostModel, Logged
from allabel.select.duplicates import Duplicates, find_duplicates
from allabel.select.plan import Plan, plan_stages
from allabel.select.tagging import RUN_HERE, Tagging
from allabel.selection_tools import ProjectTools, Tell
from allabel.store.records import Pick, Selection
from allabel.store.store import Store
from retrieval.base import Similarity


@dataclass(frozen=True, slots=True)
class Selected:
    """What a call of `select` queued, and the stage that waits for annotations, if one does.

    round, n_rounds: the round that was chosen last, of how many; the expert annotates after each.
    repeated: nothing was queued, and `picks` are those of the same selection made before.
    n_groups, n_left_out: groups of near-duplicates, and the texts that could not be chosen for another one of theirs.
    n_too_long: texts that the whole budget cannot pay.
    unfinished: other selections that are not complete, where this one begins anew.
    """

    picks: tuple[Pick, ...]
    waiting_stage: str = ""
    n_waiting_for: int = 0
    round: int = 1
    n_rounds: int = 1
    repeated: bool = False
    n_groups: int = 0
    n_left_out: int = 0
    n_too_long: int = 0
    unfinished: "tuple[Unfinished, ...]" = ()


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A selection with stages to come: the round that is next, of how many, and the texts it waits for.

    problem: why it cannot go on, where its strategy is of a package that is gone.
    """

    selection: Selection
    round: int = 0
    n_rounds: int = 0
    n_waiting_for: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A selection that was asked for, read: the pool comes without near-duplicates unless the settings keep them.

    new: the selection as it would begin. last: the last one, where it asked for the same; done: its stages done.
    n_picked: picks of all selections when it was read.
    """

    new: Selection
    budget: Budget
    chain: Chain
    pool: Pool
    alike: Duplicates
    too_long: frozenset[int]
    last: Selection | None
    done: list[str]
    more: bool
    n_picked: int

    @property
    def unfinished(self) -> list[str]:
        return self.chain.unfinished(len(self.pool), self.budget, self.done)

    @property
    def begins(self) -> bool:
        """Whether a new selection is to be made, rather than the last one gone on with or shown."""
        return self.last is None or (self.more and not self.unfinished)


class _OvertakenError(Exception):
    """Somebody else's choice was kept while this one was made."""


class Selecting:
    """Selections of one project.

    annotator: the one in use, made when it is first needed. demonstrations: what is annotated so far.
    """

    def __init__(
        self,
        store: Store,
        schema: LabelSchema,
        settings: Settings,
        annotator: Callable[[], Annotator],
        demonstrations: Callable[[], list[Demonstration]],
    ) -> None:
        self._store, self._settings = store, settings
        self._project = ProjectTools(schema, settings, annotator, demonstrations)

    def pool(self) -> Pool:
        """Return all texts, those annotated or queued marked as labelled."""
        documents = self._store.documents()
        taken = {*self._store.annotations(), *(pick.doc_id for pick in self._store.picks())}
        labelled = frozenset(i for i, d in enumerate(documents) if d.id in taken)
        return Pool(tuple(d.id for d in documents), tuple(d.text for d in documents), labelled)

    def cost_model(self) -> CostModel:
        """Fit what annotation costs to the times and entities of the latest annotations."""
        texts = {d.id: d.text for d in self._store.documents()}
        latest = self._store.annotations().values()
        return CostModel.fit([Logged(count_tokens(texts[a.doc_id]), len(a.entities), a.seconds) for a in latest])

    def similarity(self, texts: Sequence[str]) -> Similarity:
        """Build the similarity of these texts, or give back the one built last where they are the same."""
        return self._project.similarity(texts)

    def select(self, budget: str, strategy: str, seed: int, *, more: bool, tell: Tell) -> Selected:
        """Do what `Project.select` promises."""
        while True:
            try:
                return self._select(budget, strategy, seed, more=more, tell=tell)
            except _OvertakenError:
                tell("somebody else chose texts meanwhile: choosing anew, with theirs taken")

    def _select(self, budget: str, strategy: str, seed: int, *, more: bool, tell: Tell) -> Selected:
        asked = self._asked(budget, strategy, seed, tell, more=more)
        if asked.last is not None:
            picks = self._store.picks(asked.last.id)
            if asked.unfinished:
                got = self._advance(asked, asked.last, picks)
                if got.picks:
                    return got
                if got.waiting_stage:
                    queued = {pick.doc_id for pick in self._store.queue()}
                    return replace(got, picks=tuple(p for p in picks if p.doc_id in queued), repeated=True)
            if not more:
                return Selected(tuple(picks), repeated=True)
        others = tuple(one for one in self.unfinished() if one.selection != asked.last)
        got = self._advance(replace(asked, done=[]), asked.new, [])
        return replace(got, unfinished=others)

    def unfinished(self) -> list[Unfinished]:
        """Return the selections that are not complete, oldest first."""
        found: list[Unfinished] = []
        n_pool, queued = self._store.count(), {pick.doc_id for pick in self._store.queue()}
        for selection in self._store.selections():
            budget = Budget.parse(selection.budget)
            try:
                chain = Chain.parse(
                    selection.strategy, self._project.tools(selection.strategy, budget.cost, lambda _: None)
                )
            except InputError as error:
                found.append(Unfinished(selection, problem=error.problem))
                continue
            left = chain.unfinished(n_pool, budget, self._done(chain, selection))
            if left:
                rounds = chain.rounds(n_pool, budget)
                waiting = sum(pick.doc_id in queued for pick in self._store.picks(selection.id))
                found.append(Unfinished(selection, rounds[left[0]], max(rounds.values()), waiting))
        return found

    def plan(self, budget: str, strategy: str, seed: int, *, more: bool) -> Plan:
        """Do what `Project.plan` promises."""
        asked = self._asked(budget, strategy, seed, lambda _: None, more=more)
        pool, alike = asked.pool, asked.alike
        done, before = asked.done, []
        if asked.begins:
            done = []
        elif asked.last is not None:
            before = self._positions(pool, self._store.picks(asked.last.id))
        stages = tuple(plan_stages(asked.chain, pool, asked.budget, done, seed, chosen=before))
        if not done and not any(stage.n_texts for stage in stages):
            raise _pays_none(asked.new)
        n_tagged = sum(stage.n_tagged for stage in stages)
        texts = [pool.texts[i] for i in pool.candidates]
        tagging = self._project.tagging(n_tagged, texts, asked.budget.cost) if n_tagged else None
        groups = tuple(tuple(pool.ids[i] for i in group) for group in alike.groups)
        return Plan(stages, asked.budget, tagging, groups, len(alike.spare))

    def preview(self, budget: str, strategy: str, seed: int) -> tuple[Pick, ...]:
        """Do what `Project.preview` promises."""
        asked = self._asked(budget, strategy, seed, lambda _: None, more=True)
        chain, pool = asked.chain, asked.pool
        check_budget(asked.budget, pool)
        if asks_annotator(chain.stages[0]) and self._settings.backend not in RUN_HERE:
            raise InputError(
                f"the strategy {strategy!r} asks the {self._settings.backend} backend how unsure it is of every text, "
                "and a preview asks no language model",
                remedy="look at its plan and run it, or preview another strategy",
            )
        steps = chain.advance(pool, asked.budget, [], seed)
        picks = _picks(pool, steps, 0, 0)
        if not picks:
            raise _pays_none(asked.new)
        return tuple(picks)

    def _asked(self, budget: str, strategy: str, seed: int, tell: Tell, *, more: bool) -> _Asked:
        new = Selection(None, strategy, budget, 0, seed, datetime.now(UTC))
        n_picked = self._store.count_picks()
        cost = self.cost_model()
        amount, pool = Budget.parse(budget, cost), self.pool()
        chain = Chain.parse(strategy, self._project.tools(strategy, amount.cost, tell))
        alike = find_duplicates(pool.texts, pool.labelled) if self._settings.duplicates == "drop" else Duplicates()
        pool = replace(pool, spare=alike.spare)
        same = (s for s in reversed(self._store.selections()) if _same(s, strategy, amount, seed))
        last = next(same, None)
        done = [] if last is None else self._done(chain, last)
        too_long = amount.unaffordable(pool.texts, pool.candidates)
        left = replace(pool, spare=pool.spare | too_long)
        asked = _Asked(new, amount, chain, left, alike, too_long, last, done, more, n_picked)
        if asked.begins:
            check_budget(amount, pool)
        return asked

    def _done(self, chain: Chain, selection: Selection) -> list[str]:
        """Return the stages of a selection that are done; an older store knows only those that picked something."""
        picked = chain.reached(pick.stage for pick in self._store.picks(selection.id))
        return [*picked, *(stage for stage in self._store.steps(selection.id or 0) if stage not in picked)]

    def _positions(self, pool: Pool, picks: Sequence[Pick]) -> list[int]:
        place = {id: i for i, id in enumerate(pool.ids)}
        return [place[pick.doc_id] for pick in picks]

    def _advance(self, asked: _Asked, selection: Selection, picks: Sequence[Pick]) -> Selected:
        """Run the stages that need not wait, and queue what they choose."""
        chain, pool, budget = asked.chain, asked.pool, asked.budget
        queued = {pick.doc_id for pick in self._store.queue()}
        n_waiting = sum(pick.doc_id in queued for pick in picks)
        before = self._positions(pool, picks)
        steps = chain.advance(pool, budget, asked.done, selection.seed, chosen=before, waiting=n_waiting > 0)
        new = _picks(pool, steps, len(picks), selection.id or 0)
        selection_id = selection.id
        if selection_id is None and not new:
            raise _pays_none(selection)
        with self._store.transaction():
            if self._store.count_picks() != asked.n_picked:
                raise _OvertakenError
            if selection_id is None:
                selection_id = self._store.add_selection(replace(selection, n_texts=len(new)), new)
                new = [replace(pick, selection_id=selection_id) for pick in new]
            else:
                self._store.add_picks(selection_id, new)
            self._store.add_steps(selection_id, [step.stage for step in steps])
        left = chain.unfinished(len(pool), budget, [*asked.done, *(step.stage for step in steps)])
        rounds = chain.rounds(len(pool), budget)
        n_rounds = max(rounds.values())
        return Selected(
            tuple(new),
            left[0] if left else "",
            n_waiting + len(new) if left else 0,
            rounds[left[0]] - 1 if left else n_rounds,
            n_rounds,
            n_groups=len(asked.alike.groups),
            n_left_out=len(asked.alike.spare),
            n_too_long=len(asked.too_long),
        )

    def to_tag(self, texts: Sequence[str]) -> Tagging:
        """Estimate what tagging these texts with the backend in use takes."""
        return replace(self._project.tagging(len(texts), texts, self.cost_model(), stand_ins=False), purpose="")


def _picks(pool: Pool, steps: Iterable[Step], n_before: int, selection_id: int) -> list[Pick]:
    """Write down what stages chose, in order, after so many picks of the same selection."""
    chosen = [(step.stage, choice) for step in steps for choice in step.choices]
    return [
        Pick(pool.ids[choice.position], stage, rank, choice.score, choice.reason, selection_id)
        for rank, (stage, choice) in enumerate(chosen, start=n_before + 1)
    ]


def _pays_none(selection: Selection) -> BudgetError:
    return BudgetError(
        f"a budget of {selection.budget!r} pays none of the texts that {selection.strategy!r} chose first",
        remedy="raise the budget",
    )


def _same(selection: Selection, strategy: str, budget: Budget, seed: int) -> bool:
    """Tell whether a selection was asked for in other words or the same: "90min" is "1.5h"."""
    theirs = Budget.parse(selection.budget)
    asked = (NAMED_CHAINS.get(strategy.strip(), strategy.strip()), budget.amount, budget.unit, seed)
    known = NAMED_CHAINS.get(selection.strategy.strip(), selection.strategy.strip())
    return (known, theirs.amount, theirs.unit, selection.seed) == asked
