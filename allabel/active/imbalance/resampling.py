"""How often a sentence is repeated in training, for the entities it has. Source: Wang & Wang 2022, METHODS.md 4."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from allabel.active.base import FloatArray, IntArray
from allabel.active.sentence import OUTSIDE, Sentence
from allabel.rareness import rareness

Counts = npt.NDArray[np.integer] | npt.NDArray[np.floating]


class Resampling(Protocol):
    """How often each sentence stands in the training set."""

    def __call__(self, counts: Counts, lengths: IntArray, *, public_code: bool = False) -> IntArray:
        """Return (n_sentences,), at least 1 each; 1 for a sentence without entities.

        counts: (n_sentences, n_types), words of each type. lengths: (n_sentences,), all words. public_code: as in the
        authors' public code, which takes logarithms to the base 2 and adds 1 before the root or the division.
        """
        ...


def sc(counts: Counts, lengths: IntArray, *, public_code: bool = False) -> IntArray:
    """Repeat by the number of entity words: `1 + sum_t c(t, s)`; the public code does the same."""
    return np.asarray(1 + counts.sum(axis=1), dtype=np.int64)


def scr(counts: Counts, lengths: IntArray, *, public_code: bool = False) -> IntArray:
    """Repeat by number and rareness: `1 + ceil(sqrt(sum_t r_t c(t, s)))`."""
    rare = counts @ rareness(counts.sum(axis=0), lengths.sum())
    return _repeats(counts, np.sqrt(_bits(rare)) if public_code else 1 + np.ceil(np.sqrt(rare)))


def scrd(counts: Counts, lengths: IntArray, *, public_code: bool = False) -> IntArray:
    """Repeat by number, rareness and density: `1 + ceil(sum_t r_t c(t, s) / sqrt(l_s))`."""
    return _dense(counts, counts, lengths, public_code=public_code)


def nscrd(counts: Counts, lengths: IntArray, *, public_code: bool = False) -> IntArray:
    """As `scrd`, and each further word of a type counts less: `1 + ceil(sum_t r_t sqrt(c(t, s)) / sqrt(l_s))`."""
    return _dense(np.sqrt(counts), counts, lengths, public_code=public_code)


def entity_words(sentences: Sequence[Sentence], labels: Sequence[str]) -> IntArray:
    """Return how many words of each type each sentence has, (n_sentences, n_types); unknown words count for none."""
    place = {prefix + label: i for i, label in enumerate(labels) for prefix in ("B-", "I-")}
    counts = np.zeros((len(sentences), len(labels)), dtype=np.int64)
    for row, sentence in zip(counts, sentences, strict=True):
        for tag in sentence.tags:
            if tag is not None and tag != OUTSIDE:
                row[place[tag]] += 1
    return counts


def _dense(weighed: Counts, counts: Counts, lengths: IntArray, *, public_code: bool) -> IntArray:
    rare = weighed @ rareness(counts.sum(axis=0), lengths.sum())
    root = np.sqrt(np.maximum(1, lengths))
    return _repeats(counts, _bits(rare) / root if public_code else 1 + np.ceil(rare / root))


def _bits(rare: FloatArray) -> FloatArray:
    return np.asarray(1 + rare / np.log(2))


def _repeats(counts: Counts, factors: FloatArray) -> IntArray:
    return np.where(counts.sum(axis=1) > 0, np.ceil(factors), 1).astype(np.int64)
