"""Bootstrap replicates of one comparison: one set of weights for both arms and all budgets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.bootstrap import FloatArray
from eval.compare.compared import Point, Unit
from eval.compare.ground import Ground, Side
from eval.experiments.measured import IntArray
from eval.resampled import draws_by_text, interval_of, micro_f1, replicates, seed_draws

Seeds = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """How often each test text and each seed is drawn, n times.

    texts: (n, n_docs) of each seed; a text that seeds share is drawn as often in each. seeds: (n, n_seeds) of each
    group of seeds that some budget has; groups are drawn apart, so budgets are paired where they have the same seeds.
    """

    texts: Mapping[int, IntArray]
    seeds: Mapping[Seeds, IntArray]

    @classmethod
    def over(cls, ground: Ground, n: int, rng: np.random.Generator) -> "Drawn":
        """Draw the texts and seeds of a common ground n times."""
        texts = draws_by_text(list(ground.docs.values()), n, rng)
        groups = [ground.seeds(side, budget) for side in (ground.a, ground.b) for budget, _ in side.cells]
        seeds = {group: seed_draws(len(group), n, rng) for group in dict.fromkeys(groups) if group}
        return cls(dict(zip(ground.docs, texts, strict=True)), seeds)

    def f1(self, counts: Sequence[IntArray], seeds: Seeds) -> FloatArray:
        """Return (n,): mean micro F1 over drawn seeds. counts: one (n_docs, n_labels, 3) a seed."""
        return replicates(counts, [self.texts[seed] for seed in seeds], self.seeds[seeds])

    def mean(self, values: Sequence[float], seeds: Seeds) -> FloatArray:
        """Return (n,): the mean of values, one a seed, over drawn seeds."""
        mean: FloatArray = self.seeds[seeds] @ np.asarray(values, dtype=float) / len(seeds)
        return mean


@dataclass(frozen=True, slots=True)
class Replicated:
    """A point of a curve with its replicates, (n,) each. units: what was annotated, over the drawn seeds."""

    point: Point
    f1: FloatArray
    units: Mapping[Unit, FloatArray]


def replicated(ground: Ground, drawn: Drawn, side: Side) -> dict[str, Replicated]:
    """Return each budget's point with its replicates, by growing number of texts."""
    budgets = dict.fromkeys(budget for budget, _ in side.cells if ground.seeds(side, budget))
    found = [_replicated(ground, drawn, side, budget) for budget in budgets]
    return {one.point.budget: one for one in sorted(found, key=lambda one: one.point.n_texts)}


def mean_f1(counts: Sequence[IntArray]) -> float:
    """Return micro F1 over each seed's texts, the mean over seeds. counts: one (n_docs, n_labels, 3) a seed."""
    return float(np.mean([micro_f1(c.sum(axis=0)) for c in counts]))


def _replicated(ground: Ground, drawn: Drawn, side: Side, budget: str) -> Replicated:
    seeds = ground.seeds(side, budget)
    counts, costs = ground.counts(side, budget, seeds), [m.cost for m in side.at(budget, seeds)]
    spent: dict[Unit, list[float]] = {
        "texts": [cost.n_texts for cost in costs],
        "tokens": [cost.n_tokens for cost in costs],
        "minutes": [cost.minutes for cost in costs],
    }
    f1 = drawn.f1(counts, seeds)
    mean = interval_of(f1, mean_f1(counts))
    n_texts, n_tokens, minutes = (float(np.mean(values)) for values in spent.values())
    point = Point(budget, n_texts, n_tokens, minutes, mean.difference, mean.low, mean.high, len(seeds))
    return Replicated(point, f1, {unit: drawn.mean(values, seeds) for unit, values in spent.items()})
