"""Signal (d), the learning curve: what would more annotations bring, by cross-validation over those there are.

The curve is `F1(n) = c - a n^-b`. Sources: Cortes et al. 1994 (power-law learning curves); Efron & Tibshirani 1993
(bootstrap over documents).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from allabel.annotate.base import Annotator, Demonstration
from allabel.stopping.base import Signal, Verdict
from retrieval.base import FloatArray

NAME, LITTLE, AHEAD = "learning curve", 0.002, 20
FOLDS, SHARES = 5, (0.125, 0.25, 0.5, 1.0)
EXPONENTS = (0.25, 0.5, 0.75, 1.0)
LEVEL, RESAMPLES = 0.95, 1000
# Training grows with the texts: above this many, as many are drawn for the curve.
MOST_TEXTS = 600


@dataclass(frozen=True, slots=True)
class Curve:
    """Counts behind the curve. sizes: (n_sizes,) training texts; counts: (n_documents, n_sizes, 2).

    A document's two counts at a size: right spans, and predicted plus gold spans, by a model that did not see it.
    """

    sizes: FloatArray
    counts: FloatArray

    @property
    def f1(self) -> FloatArray:
        """Micro F1 at each size: (n_sizes,)."""
        found: FloatArray = _f1(self.counts.sum(axis=0))
        return found


def cross_validate(annotator: Annotator, corpus: Sequence[Demonstration], rng: np.random.Generator) -> Curve:
    """Train on growing parts of four fifths of the annotated texts and test on the fifth, each fifth in turn.

    corpus: at least 10 texts; above MOST_TEXTS that many are drawn.
    The parts are nested, and drawn anew for every fifth.
    """
    order = rng.permutation(len(corpus))[:MOST_TEXTS]
    folds = np.array_split(order, FOLDS)
    smallest = min(len(order) - len(fold) for fold in folds)
    sizes = sorted({max(5, round(share * smallest)) for share in SHARES})
    counts = []
    for fold in folds:
        rest = rng.permutation(np.setdiff1d(order, fold))
        test = [corpus[i] for i in fold]
        counts.append(np.stack([_counts(annotator, [corpus[i] for i in rest[:n]], test) for n in sizes], axis=1))
    return Curve(np.array(sizes, dtype=np.float64), np.concatenate(counts))


def expected_gain(curve: Curve, n_now: int, ahead: int, rng: np.random.Generator) -> tuple[float, float, float]:
    """Return the gain of F1 from `ahead` texts more than `n_now`, and the 95 % interval, by bootstrap."""
    n = len(curve.counts)
    drawn = rng.multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
    sums = np.einsum("rd,dsc->rsc", drawn.astype(np.float64), curve.counts)
    fitted = _gains(curve.sizes, np.concatenate([curve.f1[None], _f1(sums)]), n_now, ahead)
    low, high = np.quantile(fitted[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(fitted[0]), float(low), float(high)


def learning_curve(annotator: Annotator, corpus: Sequence[Demonstration], rng: np.random.Generator) -> Signal:
    """Say what 20 more annotations would bring, if they were like those there are.

    A good strategy takes the most useful texts first, so the next ones bring rather less than this says.
    """
    curve = cross_validate(annotator, corpus, rng)
    if not curve.f1.any():
        return Signal.unknown(NAME, "the annotator finds no entity of the annotated texts rightly: no curve to extend")
    drawn = len(curve.counts) < len(corpus)
    gain, low, high = expected_gain(curve, len(corpus), AHEAD, rng)
    sentence = (
        f"{AHEAD} more texts like the annotated ones: {100 * gain:+.2f} F1, {100 * low:.2f} to {100 * high:.2f} "
        f"(below {100 * LITTLE:.1f} is little); F1 by cross-validation is {100 * curve.f1[-1]:.1f} from "
        f"{curve.sizes[-1]:.0f} texts, {100 * curve.f1[0]:.1f} from {curve.sizes[0]:.0f}"
        + (f"; on {len(curve.counts)} texts drawn from the {len(corpus)} annotated" if drawn else "")
    )
    points = {f"f1_at_{size:.0f}": float(f1) for size, f1 in zip(curve.sizes, curve.f1, strict=True)}
    verdict = Verdict.MAY_STOP if high < LITTLE else Verdict.GO_ON
    return Signal(NAME, verdict, sentence, {"gain": gain, "low": low, "high": high, "ahead": AHEAD, **points})


def _counts(annotator: Annotator, shown: Sequence[Demonstration], test: Sequence[Demonstration]) -> FloatArray:
    found = []
    for document, reply in zip(test, annotator.annotate([d.text for d in test], shown), strict=True):
        gold, predicted = set(document.entities), set(reply.spans)
        found.append((len(gold & predicted), len(gold) + len(predicted)))
    return np.array(found, dtype=np.float64)


def _f1(sums: FloatArray) -> FloatArray:
    """Counts summed over documents, (…, 2), to F1: (…,)."""
    f1: FloatArray = 2 * sums[..., 0] / np.maximum(1, sums[..., 1])
    return f1


def _gains(sizes: FloatArray, f1: FloatArray, n_now: int, ahead: int) -> FloatArray:
    """Fit each row of f1, (n_rows, n_sizes), by least squares, and return the gain it foretells: (n_rows,)."""
    best, error = np.zeros(len(f1)), np.full(len(f1), np.inf)
    for b in EXPONENTS:
        x = sizes**-b
        slope = (f1 - f1.mean(axis=1, keepdims=True)) @ (x - x.mean()) / ((x - x.mean()) ** 2).sum()
        fit = f1.mean(axis=1, keepdims=True) + slope[:, None] * (x - x.mean())
        residual = ((f1 - fit) ** 2).sum(axis=1)
        gain = slope * ((n_now + ahead) ** -b - float(n_now) ** -b)
        better = residual < error
        best, error = np.where(better, gain, best), np.where(better, residual, error)
    return best
