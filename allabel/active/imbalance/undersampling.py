"""Balanced undersampling: of each sentence, the entities and the words nearest to them."""

from collections.abc import Sequence

import numpy as np

from allabel.active.sentence import OUTSIDE, Sentence

RATIO = 3.0


def undersampled(sentences: Sequence[Sentence], ratio: float = RATIO) -> list[Sentence]:
    """Keep each sentence's entity words and what stands around them, and drop sentences without entities.

    ratio: words are kept, a word to the right and a word to the left of what is kept at a time, until there are so many
    for each entity word; the last step may bring more. Words are joined by one space. A word that is not known is like
    one outside. Source: Akkasi et al. 2018, with the ratio of 3 that Wang & Wang 2022 took.
    """
    kept = ((sentence, near_entities(sentence.tags, ratio)) for sentence in sentences)
    return [sentence.keeping(positions) for sentence, positions in kept if positions]


def near_entities(tags: Sequence[str | None], ratio: float = RATIO) -> list[int]:
    """Return the positions that are kept, ascending; none where there is no entity."""
    keep = np.array([tag not in (None, OUTSIDE) for tag in tags], dtype=bool)
    wanted = min(len(keep), ratio * keep.sum())
    while 0 < keep.sum() < wanted:
        wider = keep.copy()
        wider[1:] |= keep[:-1]
        wider[:-1] |= keep[1:]
        keep = wider
    return np.flatnonzero(keep).tolist()
