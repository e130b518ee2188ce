"""How unsure a tagger is, as pure functions of arrays. One direction throughout: the LOWER, the sooner annotated.

Sources: Scheffer et al. 2001 (breaking ties), Culotta & McCallum 2005 (least confidence), Roy & McCallum 2001
(entropy), Shen et al. 2017 (MNLP, and BALD by Monte Carlo dropout after Gal et al. 2017).
"""

from collections.abc import Callable
from typing import Literal

import numpy as np

from allabel.active.base import FloatArray, IntArray
from allabel.errors import InputError

Aggregate = Literal["min", "max", "mean"]
AGGREGATES: tuple[Aggregate, ...] = ("min", "max", "mean")
# float32 probabilities of some hundred labels sum to 1 within this.
_TOLERANCE = 1e-3
_REDUCE: dict[Aggregate, Callable[[FloatArray, IntArray], FloatArray]] = {
    "min": np.minimum.reduceat,
    "max": np.maximum.reduceat,
    "mean": np.add.reduceat,
}


def breaking_ties(probs: FloatArray) -> FloatArray:
    """Score each word by how far its two likeliest tags are apart, `p1 - p2`; 0 is a tie.

    probs: (n_words, n_tags >= 2), rows sum to 1. Returns (n_words,) in [0, 1]. Raises InputError.
    """
    checked = _distributions(probs)
    if checked.shape[1] < 2:
        raise InputError("breaking ties needs two tags, and there is one", remedy="give the schema a label")
    largest = np.partition(checked, -2, axis=1)[:, -2:]
    return np.asarray(largest[:, 1] - largest[:, 0])


def least_confidence(probs: FloatArray) -> FloatArray:
    """Score each word by the probability of its likeliest tag, `p1`: the order of `1 - p1`, descending.

    probs: (n_words, n_tags), rows sum to 1. Returns (n_words,) in [1 / n_tags, 1]. Raises InputError.
    """
    return np.asarray(_distributions(probs).max(axis=1, initial=0.0))


def prediction_entropy(probs: FloatArray) -> FloatArray:
    """Score each word by the negative entropy of its tags, `Σ p log p` in nats, where 0 log 0 is 0.

    probs: (n_words, n_tags), rows sum to 1. Returns (n_words,) in [-log n_tags, 0]. Raises InputError.
    """
    checked = _distributions(probs)
    logs = np.log(checked, out=np.zeros_like(checked), where=checked > 0)
    return np.asarray((checked * logs).sum(axis=1))


def random_scores(n: int, rng: np.random.Generator) -> FloatArray:
    """Return n scores drawn uniformly from [0, 1)."""
    return rng.random(n)


def sequence_lc(log_probability: float) -> float:
    """Score a sentence by `log P(y | x)` of its decided tags: the order of `1 - P(y | x)`, descending.

    The logarithm, as P itself underflows for long texts. log_probability: <= 0. Raises InputError. Long sentences come
    first.
    """
    return _log_probability(log_probability)


def mnlp(log_probability: float, n_words: int) -> float:
    """Score a sentence by its mean log probability a word, `(1/n) Σ log P(y_i | y_<i, x)`; 0 for no words.

    log_probability: of all decided tags together, <= 0. It is minus the log of the sequence's perplexity. Raises
    InputError.
    """
    return _log_probability(log_probability) / max(1, n_words)


def disagreement(samples: IntArray) -> FloatArray:
    """Return the share of passes that disagree with the most popular tag, for each word.

    samples: (n_passes >= 1, n_words), positions of tags >= 0. Returns (n_words,) in [0, 1). Raises InputError.
    """
    if samples.ndim != 2 or not len(samples) or not np.issubdtype(samples.dtype, np.integer):
        raise InputError(
            f"the samples have the shape {samples.shape} and the type {samples.dtype}",
            remedy="give whole numbers, a row a pass and a column a word",
        )
    if samples.size and samples.min() < 0:
        raise InputError(f"a sample is {samples.min()}, and tags count from 0", remedy="give positions in the tags")
    most = np.zeros(samples.shape[1], dtype=np.int64)
    for tag in range(int(samples.max(initial=-1)) + 1):
        np.maximum(most, np.count_nonzero(samples == tag, axis=0), out=most)
    return np.asarray(1 - most / len(samples))


def bald(samples: IntArray) -> FloatArray:
    """Score each word by minus its `disagreement`; a sentence scores the mean of its words.

    samples: (n_passes >= 1, n_words). Returns (n_words,) in (-1, 0]. Raises InputError.
    """
    return -disagreement(samples)


def aggregate_each(scores: FloatArray, lengths: IntArray, how: Aggregate = "min") -> FloatArray:
    """Return the score of each of many sentences from its words': min is that of the most doubtful word.

    The paper takes the smallest p1 - p2 and p1, and the largest entropy: with scores of one direction all are min.
    scores: (n_words,) of all sentences, one after the other. lengths: (n_sentences,), sum to n_words.
    Returns (n_sentences,), infinite for a sentence of no words. Raises InputError for another `how`.
    """
    if how not in AGGREGATES:
        raise InputError(f"there is no aggregation {how!r}", remedy=f"known are {', '.join(AGGREGATES)}")
    found = np.full(len(lengths), np.inf)
    full = lengths > 0
    if full.any():
        starts = (np.cumsum(lengths) - lengths)[full]
        found[full] = _REDUCE[how](scores, starts)
        if how == "mean":
            found[full] /= lengths[full]
    return found


def in_order(scores: FloatArray, rng: np.random.Generator) -> IntArray:
    """Return the positions of scores, the lowest first; equal ones stand in an order that rng draws."""
    return np.lexsort((rng.random(len(scores)), scores))


def _distributions(probs: FloatArray) -> FloatArray:
    if probs.ndim != 2 or (len(probs) and not probs.shape[1]):
        raise InputError(
            f"the probabilities have the shape {probs.shape}", remedy="give a row a word and a column a tag"
        )
    sums = probs.sum(axis=1)
    wrong = ~(np.abs(sums - 1) <= _TOLERANCE) | (probs < -_TOLERANCE).any(axis=1)  # written so that NaN is wrong
    if wrong.any():
        row = int(wrong.argmax())
        raise InputError(
            f"the probabilities of word {row} are {np.round(probs[row], 4).tolist()}, which sum to {sums[row]:.4f}",
            remedy="give probabilities, not logits: each row sums to 1 and nothing is below 0",
        )
    return probs


def _log_probability(log_probability: float) -> float:
    if not log_probability <= 1e-6:  # written so that NaN is wrong
        raise InputError(
            f"the log probability {log_probability} is above 0 or no number", remedy="give log P(y | x), at most 0"
        )
    return min(0.0, float(log_probability))
