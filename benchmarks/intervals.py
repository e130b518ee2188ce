"""Differences of micro F1 over seeds, from counts of documents, with their intervals."""

from collections.abc import Sequence

import numpy as np

from eval.resampled import draws, interval_of, micro_f1, replicates, seed_draws


def f1(sums: np.ndarray) -> float:
    """F1 of true positives and predicted plus gold."""
    return float(micro_f1(_spread(sums)))


def interval(ours: Sequence[np.ndarray], theirs: Sequence[np.ndarray], n: int = 1000) -> tuple[float, float, float]:
    """Mean difference of F1 in points over pools, and its 95 % interval: pools resampled, and documents within each."""
    rng = np.random.default_rng(0)
    weights = draws([len(a) for a in ours], n, rng)
    pools = seed_draws(len(ours), n, rng)
    drawn = [100 * replicates([_spread(c) for c in side], weights, pools) for side in (ours, theirs)]
    mean = np.mean([100 * (f1(a.sum(axis=0)) - f1(b.sum(axis=0))) for a, b in zip(ours, theirs, strict=True)])
    found = interval_of(drawn[0] - drawn[1], float(mean))
    return found.difference, found.low, found.high


def _spread(counts: np.ndarray) -> np.ndarray:
    """(..., 2), true positives and predicted plus gold, as (..., 1, 3)."""
    return np.concatenate([counts, np.zeros_like(counts[..., :1])], axis=-1)[..., None, :]
