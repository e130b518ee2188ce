"""All words of a pool in one row: what scoring and buying compute on, whole pool at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
import numpy.typing as npt

from allabel.active.base import IntArray
from allabel.active.sentence import OUTSIDE, Sentence
from allabel.annotate.pieces import runs
from allabel.errors import InputError

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Words:
    """The words of a pool, one after the other, by their place in that row.

    lengths: (n_sentences,). entity: (n_words,) the number of the gold entity a word lies in, -1 outside all; entities
    are numbered from 0 in the order in which they stand.
    """

    lengths: IntArray
    entity: IntArray

    @classmethod
    def of(cls, pool: Sequence[Sentence], *, touching: bool = False) -> "Words":
        """Number the words and entities of sentences with gold tags.

        touching: entities that touch count as one, whatever their labels, as in the public code of the token-level
        paper. Raises InputError naming a sentence without words, or with a word that has no gold tag.
        """
        numbers: list[list[int]] = []
        n_entities = 0
        for sentence in pool:
            tags = _gold(sentence)
            entity = [-1] * len(tags)
            for first, end, _ in runs(["I-" if tag != OUTSIDE else tag for tag in tags] if touching else tags):
                entity[first:end] = [n_entities] * (end - first)
                n_entities += 1
            numbers.append(entity)
        lengths = np.array([len(sentence) for sentence in pool], dtype=np.int64)
        return cls(lengths, np.fromiter(chain.from_iterable(numbers), dtype=np.int64, count=int(lengths.sum())))

    def __len__(self) -> int:
        return len(self.entity)

    @cached_property
    def starts(self) -> IntArray:
        """The place of each sentence's first word: (n_sentences,)."""
        return np.asarray(np.cumsum(self.lengths) - self.lengths)

    @cached_property
    def sentence(self) -> IntArray:
        """The sentence of each word: (n_words,)."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    @cached_property
    def n_entities(self) -> int:
        """How many entities there are."""
        return int(self.entity.max(initial=-1)) + 1

    def count(self, words: BoolArray) -> IntArray:
        """Return how many of these words each sentence has: (n_words,) to (n_sentences,)."""
        return np.bincount(self.sentence[words], minlength=len(self.lengths))

    def entities_of(self, words: IntArray) -> IntArray:
        """Return the numbers of the entities that these words lie in, each once."""
        found = np.unique(self.entity[words])
        return found[found >= 0]


def _gold(sentence: Sentence) -> list[str]:
    if not len(sentence):
        raise InputError(
            f"the sentence {sentence.id!r} has no words, so there is nothing in it to annotate",
            remedy="leave it out of the pool",
        )
    tags = [tag for tag in sentence.tags if tag is not None]
    if len(tags) < len(sentence):
        raise InputError(
            f"the sentence {sentence.id!r} has {len(sentence) - len(tags)} words without a gold tag",
            remedy="a pool to simulate annotation on needs the tag of every word",
        )
    return tags
