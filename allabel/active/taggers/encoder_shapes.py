"""How words are written: what an encoder without capitals does not see."""

from collections.abc import Sequence

import numpy as np

from allabel.active.base import IntArray

# 0 is no word: special pieces and padding.
N_SHAPES = 9


def shape(word: str) -> int:
    """Return how a word is written, 1 to 8.

    Lower case, Capitalised, CAPITALS, miXed, a number, letters with digits, a lone capital, and all else.
    """
    if word.isdigit():
        return 5
    if not any(map(str.isalpha, word)):
        return 8
    if any(map(str.isdigit, word)):
        return 6
    if word.islower():
        return 1
    if word.isupper():
        return 7 if len(word) == 1 else 3
    return 2 if word[0].isupper() and word[1:].islower() else 4


def shapes(words: Sequence[str]) -> IntArray:
    """Return the shape of each word: (n_words,)."""
    return np.array([shape(word) for word in words], dtype=np.int64)
