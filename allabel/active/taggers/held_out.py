"""Sentences held out of training, and the F1 on them that says when to stop."""

from collections.abc import Sequence

import numpy as np

from allabel.active.sentence import OUTSIDE, Sentence
from allabel.annotate.pieces import runs

# The F1 of a handful of sentences is noise, and stopping early by it leaves a tagger half trained.
MIN_HELD_OUT = 30


def hold_out(sentences: Sequence[Sentence], share: float, seed: int) -> tuple[list[int], list[int]]:
    """Return the positions of the sentences to learn from and of those held out, in order.

    Sentences without a known tag are in neither. Sentences with entities are held out first. Those that bear one id are
    the first of them and copies of it: none is learned from where the first is held out. Nothing is held out where
    fewer than `MIN_HELD_OUT` would be.
    """
    known = [i for i, sentence in enumerate(sentences) if sentence.n_known]
    first = {sentences[i].id: i for i in reversed(known)}
    n = int(share * len(first))
    if n < MIN_HELD_OUT:
        return known, []
    originals = sorted(first.values())
    drawn = [originals[i] for i in np.random.default_rng(seed).permutation(len(originals))]
    held = sorted(sorted(drawn, key=lambda i: not sentences[i].spans())[:n])
    out = {sentences[i].id for i in held}
    return [i for i in known if sentences[i].id not in out], held


def strict_f1(sentences: Sequence[Sentence], predicted: Sequence[Sequence[str]]) -> float:
    """Return the F1 of entities, exact in bounds and label: in [0, 1]; 1 where there are none and none was found.

    Words that are not annotated count as outside, whatever is predicted for them.
    """
    right = found = gold = 0
    for sentence, tags in zip(sentences, predicted, strict=True):
        read = [tag if own_tag is not None else OUTSIDE for own_tag, tag in zip(sentence.tags, tags, strict=True)]
        mine, theirs = set(runs([tag or OUTSIDE for tag in sentence.tags])), set(runs(read))
        right, gold, found = right + len(mine & theirs), gold + len(mine), found + len(theirs)
    return 2 * right / (gold + found) if gold + found else 1.0
