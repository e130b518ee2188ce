"""Routing by type: each label tagged by the arm that is better at it, and what that gains on held-out test texts."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from eval.compare.compared import Routing
from eval.compare.drawn import Drawn, mean_f1
from eval.compare.ground import Ground
from eval.experiments.measured import GOLD, PREDICTED, IntArray
from eval.resampled import interval_of, micro_f1

Chosen = NDArray[np.bool_]


def routing(ground: Ground, drawn: Drawn, rng: np.random.Generator) -> Routing | None:
    """Choose an arm a label at the largest shared budget; None with fewer than two labels or test texts.

    The test texts are split in halves by `rng`, alike in all seeds. Each half is tagged by the choice that the other
    half's texts give, so all texts serve as held out. Predictions of a label come from its arm, as counts of labels
    add up. The interval is of the two choices as they are: they are not made anew in each replicate.
    """
    budget = ground.budgets[-1]
    seeds = ground.seeds(ground.a, budget)
    a, b = (ground.counts(side, budget, seeds) for side in (ground.a, ground.b))
    both = np.concatenate([*a, *b]).sum(axis=0)
    occurs = both[:, PREDICTED] + both[:, GOLD] > 0
    if ground.n_docs(seeds) < 2 or occurs.sum() < 2:
        return None
    halves = _halves([ground.docs[seed] for seed in seeds], rng)
    routed = _cross_fitted(a, b, halves)
    single = a if mean_f1(a) >= mean_f1(b) else b
    gain = drawn.f1(routed, seeds) - drawn.f1(single, seeds)
    best = mean_f1(single)
    to_a = _choose(_sum(a), _sum(b))
    arms = {label: (ground.a if to_a[i] else ground.b).arm for i, label in enumerate(ground.labels) if occurs[i]}
    f1 = mean_f1(routed)
    return Routing(budget, arms, f1, best, interval_of(gain, f1 - best), ground.n_docs(seeds))


def _halves(docs: Sequence[Sequence[str]], rng: np.random.Generator) -> list[IntArray]:
    """Return each seed's texts' halves, 0 or 1, (n_docs,); a text is in the same half in every seed."""
    texts = list(dict.fromkeys(doc for seed in docs for doc in seed))
    half = dict(zip(texts, rng.permutation(len(texts)) % 2, strict=True))
    return [np.array([half[doc] for doc in seed]) for seed in docs]


def _cross_fitted(a: Sequence[IntArray], b: Sequence[IntArray], halves: Sequence[IntArray]) -> list[IntArray]:
    """Return one (n_docs, n_labels, 3) a seed: each half's texts by the choice that the other half gives."""
    by_other = np.stack([_choose(_sum(a, halves, 1 - half), _sum(b, halves, 1 - half)) for half in (0, 1)])
    return [np.where(by_other[half][:, :, None], x, y) for x, y, half in zip(a, b, halves, strict=True)]


def _sum(counts: Sequence[IntArray], halves: Sequence[IntArray] | None = None, half: int = 0) -> IntArray:
    """Add up over texts (of one half, where halves are given) and seeds. Returns (n_labels, 3)."""
    kept = counts if halves is None else [c[h == half] for c, h in zip(counts, halves, strict=True)]
    total: IntArray = np.concatenate(kept).sum(axis=0)
    return total


def _choose(a: IntArray, b: IntArray) -> Chosen:
    """Return where A is to tag: (n_labels,). A label at which both are even goes to the arm that is better overall."""
    one, other = micro_f1(a[:, None]), micro_f1(b[:, None])
    chosen: Chosen = (one > other) | ((one == other) & bool(micro_f1(a) >= micro_f1(b)))
    return chosen
