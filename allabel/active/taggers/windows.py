"""Long texts cut into windows that overlap, each word owned by the one window where it has most text around it."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from allabel.active.base import IntArray


@dataclass(frozen=True, slots=True)
class Cut:
    """A window over words `start..end-1`; the words `own_start..own_end-1` are read from it, and from no other."""

    start: int
    end: int
    own_start: int
    own_end: int


@dataclass(frozen=True, slots=True)
class Window:
    """What an encoder sees of a text at once.

    sentence: position of the text; words: (n,) positions of the words it owns, in the text; ids: (n_pieces,) with the
    special pieces; firsts: (n,) where in `ids` the pieces of each word it owns begin.
    """

    sentence: int
    words: IntArray
    ids: IntArray
    firsts: IntArray


def cuts(n_pieces: IntArray, limit: int, overlap: int) -> list[Cut]:
    """Return windows of at most `limit` pieces over words of these many pieces; neighbours share about `overlap`.

    Every word lies in a window whole and is owned by exactly one: between two windows, the middle of what they share
    is the border. A text that fits is one window. No word may have more than `limit - overlap` pieces.
    """
    ends = np.cumsum(n_pieces)
    begins = np.concatenate([[0], ends])
    n = len(n_pieces)
    found: list[tuple[int, int]] = []
    start = end = 0
    while end < n:
        end = int(np.searchsorted(ends, begins[start] + limit, side="right"))
        found.append((start, end))
        # The next window begins `overlap` pieces back, and at least a word after this one began.
        start = max(start + 1, int(np.searchsorted(begins, begins[end] - overlap)))
    borders = [0] if found else []
    for (_, left_end), (right_start, _) in pairwise(found):
        middle = (begins[right_start] + begins[left_end]) / 2
        borders.append(int(np.searchsorted(begins, middle)))
    return [Cut(*bounds, *own) for bounds, own in zip(found, pairwise([*borders, n]), strict=True)]
