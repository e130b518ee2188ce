"""The two-level bootstrap: seeds are drawn with replacement, and test texts within each, the same for every arm.

A replicate is the mean, over the drawn seeds, of F1 over the drawn texts. Differences are paired because arms and
budgets take the same weights: subtract their replicates. With one seed only the texts vary.

Source: Efron and Tibshirani 1993, chapters 8 and 13; Davison and Hinkley 1997, section 3.8 (nested resampling).
"""

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from allabel.errors import InputError
from eval.bootstrap import LEVEL, FloatArray, Interval

IntArray = NDArray[np.int64]

_BLOCK = 4_000_000  # weights held as floats at once: 32 MB


def draws(n_docs: Sequence[int], n: int, rng: np.random.Generator) -> list[IntArray]:
    """Draw the texts of each seed n times, each seed for itself: for test texts that differ from seed to seed.

    n_docs: how many test texts each seed has. Returns one (n, n_docs[seed]) matrix a seed: how often a text is drawn.
    Where seeds share test texts take `draws_by_text`, or the intervals come out too narrow.
    Raises InputError where a seed has no text, or n is under 1.
    """
    if n < 1 or min(n_docs, default=0) < 1:
        raise InputError(
            f"seeds of {list(n_docs)} test texts, drawn {n} times, give no interval", remedy="give at least one of each"
        )
    return [rng.multinomial(size, np.full(size, 1 / size), size=n) for size in n_docs]


def draws_by_text(docs: Sequence[Sequence[Hashable]], n: int, rng: np.random.Generator) -> list[IntArray]:
    """Draw the texts of all seeds together, n times: a text that several seeds share is drawn as often in each.

    What is hard in a text is hard in every seed, so seeds over the same texts do not make up for few texts.
    docs: the ids of each seed's test texts. Returns one (n, len(docs[seed])) matrix a seed, as `draws`; the numbers of
    drawn texts of a seed vary where seeds differ in texts.
    Raises InputError as `draws`.
    """
    place = {doc: i for i, doc in enumerate(dict.fromkeys(doc for seed in docs for doc in seed))}
    if min(map(len, docs), default=0) < 1:
        raise InputError("a seed without test texts gives no interval", remedy="give every seed at least one text")
    (together,) = draws([len(place)], n, rng)
    whole = list(place)
    # Seeds over the very same texts, the usual case, need no copies.
    return [together if list(seed) == whole else together[:, [place[doc] for doc in seed]] for seed in docs]


def seed_draws(n_seeds: int, n: int, rng: np.random.Generator) -> IntArray:
    """Draw the seeds n times. Returns (n, n_seeds): how often each is drawn; rows sum to n_seeds.

    Raises InputError where there is no seed, or n is under 1.
    """
    if n_seeds < 1 or n < 1:
        raise InputError(f"{n_seeds} seeds, drawn {n} times, give no interval", remedy="give at least one of each")
    picks = rng.integers(n_seeds, size=(n_seeds, n))
    return np.stack([(picks == seed).sum(axis=0) for seed in range(n_seeds)], axis=1)


def micro_f1(sums: NDArray[np.floating | np.integer]) -> FloatArray:
    """Return F1 over all labels in [0, 1]; 0 where there is neither gold nor prediction.

    sums: (..., n_labels, 3), true positives, predicted and gold. Returns (...).
    """
    totals = sums.sum(axis=-2)
    sizes = (totals[..., 1] + totals[..., 2]).astype(np.float64)
    f1: FloatArray = np.divide(2.0 * totals[..., 0], sizes, out=np.zeros_like(sizes), where=sizes > 0)
    return f1


def replicates(counts: Sequence[IntArray], weights: Sequence[IntArray], seeds: IntArray) -> FloatArray:
    """Return (n,): the mean over drawn seeds of micro F1 over drawn texts.

    counts: one (n_docs, n_labels, 3) a seed. weights: one (n, n_docs) a seed. seeds: (n, n_seeds).
    Raises InputError where the three do not fit each other.
    """
    fits = len(counts) == len(weights) == seeds.shape[1]
    if not fits or any(w.shape != (len(seeds), len(c)) for c, w in zip(counts, weights, strict=True)):
        raise InputError(
            f"counts {[c.shape for c in counts]}, text weights {[w.shape for w in weights]} and seed weights "
            f"{seeds.shape} do not fit",
            remedy="give one matrix of counts and one of weights a seed, with as many texts, and n rows of weights",
        )
    by_seed = np.stack([_drawn_f1(c, w) for c, w in zip(counts, weights, strict=True)], axis=1)
    mean: FloatArray = (by_seed * seeds).sum(axis=1) / seeds.sum(axis=1)
    return mean


def interval_of(replicates: FloatArray, point: float) -> Interval:
    """Return the point with the 95 % percentile interval of its replicates, or of their differences."""
    low, high = np.quantile(replicates, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(point), float(low), float(high))


def p_value(replicates: FloatArray) -> float:
    """Return the two-sided bootstrap p of a difference: the share of replicates at or beyond zero, doubled, up to 1.

    It is at least 1 / (n + 1): n replicates cannot say less.
    Source: Davison and Hinkley 1997, section 4.4 (inverting the percentile interval).
    """
    n = len(replicates)
    beyond = min(int((replicates <= 0).sum()), int((replicates >= 0).sum()))
    return min(1.0, max(2 * beyond / n, 1 / (n + 1)))


def _drawn_f1(counts: IntArray, weights: IntArray) -> FloatArray:
    """Return (n,): micro F1 over each row's drawn texts."""
    flat = counts.reshape(len(counts), -1).astype(np.float64)  # float products are many times faster
    block = max(1, _BLOCK // len(counts))
    sums = [weights[i : i + block].astype(np.float64) @ flat for i in range(0, len(weights), block)]
    return micro_f1(np.concatenate(sums).reshape(len(weights), *counts.shape[1:]))
