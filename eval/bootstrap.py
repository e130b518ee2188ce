"""How sure a difference is: paired bootstrap over documents, and the t interval over seeds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allabel.errors import InputError
from allabel.runs import t_interval
from eval.counts import Counts, paired

FloatArray = NDArray[np.float64]

LEVEL = 0.95
_BLOCK = 4_000_000  # resampling weights held at once: 32 MB


@dataclass(frozen=True, slots=True)
class Interval:
    """A difference (or the mean of values) and its 95 % interval."""

    difference: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """True when the whole interval lies on one side of zero."""
        return self.low > 0 or self.high < 0


def paired_bootstrap(
    per_document_a: Sequence[Counts], per_document_b: Sequence[Counts], rng: np.random.Generator, n: int = 1000
) -> Interval:
    """Return micro F1 of A less that of B, with the 95 % percentile interval over resampled documents.

    per_document_a, per_document_b: the same documents in the same order; each resample draws whole documents with
    replacement and takes both sides' counts of them. n: how many resamples.
    Raises InputError where there are no documents, or the two differ in length.
    Source: Efron and Tibshirani 1993; Koehn 2004 (paired).
    """
    pairs = list(paired(per_document_a, per_document_b))
    if not pairs or n < 1:
        raise InputError(
            f"{len(pairs)} documents, resampled {n} times, give no interval", remedy="give at least one of each"
        )
    counts = np.array(
        [[a.true_positive, a.predicted + a.gold, b.true_positive, b.predicted + b.gold] for a, b in pairs], dtype=float
    )
    n_documents = len(pairs)
    even = np.full(n_documents, 1 / n_documents)
    block = max(1, _BLOCK // n_documents)
    sums = [
        # How often each document is drawn is multinomial; the product adds its counts as often.
        rng.multinomial(n_documents, even, size=min(block, n - done)) @ counts
        for done in range(0, n, block)
    ]
    low, high = np.quantile(_differences(np.concatenate(sums)), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(_differences(counts.sum(axis=0, keepdims=True))[0]), float(low), float(high))


def mean_interval(values: Sequence[float]) -> Interval:
    """Return the mean of values (one a seed) with its 95 % t interval, mean ± t(0.975, n - 1) s / sqrt(n).

    `difference` is the mean: give differences for a paired comparison over seeds.
    Raises InputError where fewer than two values are given or one is not finite.
    """
    x = np.asarray(values, dtype=float)
    if x.ndim != 1 or len(x) < 2 or not np.isfinite(x).all():
        raise InputError(
            f"no interval follows from the {x.size} values {x.tolist()}", remedy="give two or more finite values"
        )
    return Interval(*t_interval(x.tolist()))


def _differences(sums: FloatArray) -> FloatArray:
    """sums: (n, 4), columns TP and predicted + gold of A, then of B. Returns (n,) differences of micro F1."""
    hits, sizes = sums[:, 0::2], sums[:, 1::2]
    f1 = np.divide(2 * hits, sizes, out=np.zeros_like(hits), where=sizes > 0)
    difference: FloatArray = f1[:, 0] - f1[:, 1]
    return difference
