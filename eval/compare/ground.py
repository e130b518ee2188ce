"""The common ground of two annotators: the budgets, seeds and test texts for which both were measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from allabel.document import DocId
from allabel.errors import InputError, UnknownNameError
from allabel.plugins import nearest
from eval.experiments.measured import IntArray, Measured, same_docs

Cell = tuple[str, int]
"""A budget and a seed."""


@dataclass(frozen=True, slots=True)
class Side:
    """One arm by one strategy on one data set, as far as it was measured."""

    arm: str
    strategy: str
    cells: Mapping[Cell, Measured]

    def at(self, budget: str, seeds: Sequence[int]) -> list[Measured]:
        """Return what was measured at this budget, one a seed."""
        return [self.cells[budget, seed] for seed in seeds]


@dataclass(frozen=True, slots=True)
class Ground:
    """Two sides and what they share.

    budgets: those that both have on some seed, by growing number of texts. docs: the test texts of each shared seed
    that all its results have. left_out: in words, what does not count.
    """

    a: Side
    b: Side
    budgets: tuple[str, ...]
    docs: Mapping[int, tuple[DocId, ...]]
    left_out: tuple[str, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, the second axis of all counts."""
        return next(iter(self.a.cells.values())).labels

    def seeds(self, side: Side, budget: str) -> tuple[int, ...]:
        """Return the shared seeds that count at this budget: those of both sides, or, of no shared budget, of one."""
        sides = (self.a, self.b) if budget in self.budgets else (side,)
        return tuple(seed for seed in self.docs if all((budget, seed) in one.cells for one in sides))

    def n_docs(self, seeds: Sequence[int]) -> int:
        """Return how many different test texts these seeds have."""
        return len({doc for seed in seeds for doc in self.docs[seed]})

    def counts(self, side: Side, budget: str, seeds: Sequence[int]) -> list[IntArray]:
        """Return the counts on the shared test texts, one (n_docs, n_labels, 3) a seed."""
        return [m.on(self.docs[m.spot.seed]) for m in side.at(budget, seeds)]


def common_ground(measured: Sequence[Measured], a: str, b: str, data: str, strategy: str | None) -> Ground:
    """Find what two arms share on a data set.

    strategy: what taught both; None for the first in the list that both have, or, where they share none, the first of
    each, which is then said. Raises UnknownNameError where the data set, an arm, or the strategy of an arm is not
    there; InputError where they share no budget of a seed with a test text, or differ in labels.
    """
    here = [m for m in measured if m.spot.data == data]
    if not here:
        raise _unknown("data set", data, [m.spot.data for m in measured], "anywhere")
    one, other = _strategies(here, a, data, strategy), _strategies(here, b, data, strategy)
    both = [name for name in one if name in other]
    side_a = _side(here, a, both[0] if both else one[0])
    side_b = _side(here, b, both[0] if both else other[0])
    return _shared(side_a, side_b, data)


def _strategies(here: Sequence[Measured], arm: str, data: str, strategy: str | None) -> list[str]:
    """Return what taught this arm, in the list's order; the named one alone where one is named."""
    found = list(dict.fromkeys(m.spot.strategy for m in here if m.spot.arm == arm))
    if not found:
        raise _unknown("arm", arm, [m.spot.arm for m in here], f"on {data}")
    if strategy is not None and strategy not in found:
        raise _unknown("strategy", strategy, found, f"for {arm} on {data}")
    return found if strategy is None else [strategy]


def _unknown(kind: str, name: str, known: Sequence[str], where: str) -> UnknownNameError:
    there = sorted(set(known))
    remedy = nearest(name, there) if there else "run the experiment first"
    return UnknownNameError(f"the {kind} {name!r} was not measured {where}", remedy=remedy)


def _side(here: Sequence[Measured], arm: str, strategy: str) -> Side:
    mine = [m for m in here if (m.spot.arm, m.spot.strategy) == (arm, strategy)]
    cells = {(m.spot.budget, m.spot.seed): m for m in mine}
    if len(cells) < len(mine):
        raise InputError(f"{arm} by {strategy} was measured twice at one budget of one seed", remedy="give each once")
    return Side(arm, strategy, cells)


def _shared(a: Side, b: Side, data: str) -> Ground:
    if len({m.labels for side in (a, b) for m in side.cells.values()}) > 1:
        raise InputError(f"{a.arm} and {b.arm} were measured with other labels on {data}", remedy="run both again")
    cells = [cell for cell in a.cells if cell in b.cells]
    docs = {seed: _docs(a, b, seed) for seed in sorted({seed for _, seed in cells})}
    docs = {seed: found for seed, found in docs.items() if found}
    n_texts = {budget: a.cells[budget, seed].cost.n_texts for budget, seed in cells if seed in docs}
    if not n_texts:
        raise InputError(
            f"{a.arm} by {a.strategy} and {b.arm} by {b.strategy} share no budget of a seed with a test text on {data}",
            remedy="finish the run, or name another strategy or two arms of one plan: "
            f"{a.arm} has {_cells(a.cells)}; {b.arm} has {_cells(b.cells)}",
        )
    budgets = tuple(sorted(n_texts, key=n_texts.__getitem__))
    left_out = (*_alone(a, b, budgets, docs), *_alone(b, a, budgets, docs))
    return Ground(a, b, budgets, docs, (*_two_strategies(a, b), *left_out))


def _docs(a: Side, b: Side, seed: int) -> tuple[DocId, ...]:
    return same_docs(m for side in (a, b) for m in side.cells.values() if m.spot.seed == seed)


def _cells(cells: Sequence[Cell] | Mapping[Cell, Measured]) -> str:
    seeds: dict[str, list[str]] = {}
    for budget, seed in cells:
        seeds.setdefault(budget, []).append(str(seed))
    return "; ".join(f"{budget} (seed {', '.join(found)})" for budget, found in seeds.items())


def _two_strategies(a: Side, b: Side) -> list[str]:
    if a.strategy == b.strategy:
        return []
    return [
        f"{a.arm} was taught by {a.strategy} and {b.arm} by {b.strategy}, as they have no strategy in common: "
        "differences are of both together"
    ]


def _alone(side: Side, other: Side, budgets: Sequence[str], docs: Mapping[int, Sequence[DocId]]) -> list[str]:
    """Say what one side has that does not count, as the other has not."""
    said = []
    if alone := list(dict.fromkeys(budget for budget, _ in side.cells if budget not in budgets)):
        said.append(
            f"in the curve of {side.arm} only, as {other.arm} has nothing to hold against it: {', '.join(alone)}"
        )
    lone = [(k, seed) for k, seed in side.cells if k in budgets and ((k, seed) not in other.cells or seed not in docs)]
    if lone:
        said.append(f"left out, as {other.arm} has no result on these texts: {side.arm} at {_cells(lone)}")
    most = {seed: max(len(m.docs) for (_, s), m in side.cells.items() if s == seed) for seed in docs}
    if missing := sum(most[seed] - len(docs[seed]) for seed in docs):
        said.append(
            f"left out: {missing} of the {sum(most.values())} test texts of {side.arm} (all seeds added up), "
            f"as not every result of {other.arm} and {side.arm} covers them"
        )
    return said
