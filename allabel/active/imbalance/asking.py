"""A query that asks for what a tagger takes for rare types. Our own."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from allabel.active.base import TokenTagger
from allabel.active.queries import Asking, Scores
from allabel.active.sentence import Sentence
from allabel.rareness import rareness


@dataclass(frozen=True, slots=True)
class RareTypes:
    """Asks first for sentences that the tagger expects to hold much of rare types, for their length.

    A word's expected count of a type is the summed probability of its tags; where it is annotated, it does not count. A
    sentence's score is minus the exponent of `nscrd` in these expected counts, `sum_t r_t sqrt(c(t, s)) / sqrt(l_s)`,
    with the rareness `r_t` of the type among the words that are asked about; a word's is minus `sum_t r_t p_t`. The
    aggregation of `Asking` is not used.
    """

    name: str = "rare_types"
    scores_words: bool = True
    needs_samples: bool = False

    def __call__(self, tagger: TokenTagger, sentences: Sequence[Sentence], asking: Asking) -> Scores:
        """Score words and sentences; a sentence that is annotated whole has an infinite score."""
        types = [(i, i + 1) for i in range(1, len(tagger.tags), 2)]
        begun, onward = (np.array([pair[n] for pair in types], dtype=np.int64) for n in (0, 1))
        found = [shares[:, begun] + shares[:, onward] for shares in tagger.predict_proba(sentences)]
        open_ = [np.array([tag is None for tag in sentence.tags], dtype=bool) for sentence in sentences]
        lengths = np.array([len(sentence) for sentence in sentences], dtype=np.int64)
        expected = np.array([own[free].sum(axis=0) for own, free in zip(found, open_, strict=True)])
        rare = rareness(
            expected.reshape(len(sentences), len(types)).sum(axis=0), sum(int(free.sum()) for free in open_)
        )
        worth = np.sqrt(expected) @ rare / np.sqrt(np.maximum(1, lengths)) if len(sentences) else np.zeros(0)
        some = np.array([free.any() for free in open_], dtype=bool)
        words = -np.concatenate([own @ rare for own in found]) if found else np.zeros(0)
        return Scores(words, np.where(some, -worth, np.inf))


rare_types = RareTypes()
