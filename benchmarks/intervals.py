"""Differences of micro F1 over seeds, from counts of documents, with their intervals."""

from collections.abc import Sequence

import numpy as np


def f1(sums: np.ndarray) -> float:
    return float(2 * sums[0] / sums[1]) if sums[1] else 0.0


def interval(ours: Sequence[np.ndarray], theirs: Sequence[np.ndarray], n: int = 1000) -> tuple[float, float, float]:
    """Mean difference of F1 in points over pools, and its 95 % interval: pools resampled, and documents within each."""
    rng = np.random.default_rng(0)
    drawn = []
    for a, b in zip(ours, theirs, strict=True):
        weights = rng.multinomial(len(a), np.full(len(a), 1 / len(a)), size=n)
        (ta, sa), (tb, sb) = (weights @ a).T, (weights @ b).T
        drawn.append(200 * (ta / np.maximum(sa, 1) - tb / np.maximum(sb, 1)))
    per_pool = np.array(drawn)
    picks = rng.integers(len(ours), size=(len(ours), n))
    means = np.take_along_axis(per_pool, picks, axis=0).mean(axis=0)
    mean = np.mean([100 * (f1(a.sum(axis=0)) - f1(b.sum(axis=0))) for a, b in zip(ours, theirs, strict=True)])
    low, high = np.quantile(means, [0.025, 0.975])
    return float(mean), float(low), float(high)
