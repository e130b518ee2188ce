"""IOBES inside, IOB2 outside: which tags partly known words may have, and the way back.

Source: Ratinov & Roth 2009 (the scheme); Tsuboi et al. 2008 (summing over what is not known).
"""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from allabel.active.base import FloatArray, IntArray
from allabel.active.sentence import OUTSIDE, tag_set

BoolArray = npt.NDArray[np.bool_]
_UNKNOWN, _END = -1, -2


class Iobes:
    """The tags `O`, then `B-`, `I-`, `E-` and `S-` of each label, in order; `iob2` are those of `tag_set`."""

    def __init__(self, labels: Sequence[str]) -> None:
        self.iob2 = tag_set(labels)
        self.tags = (OUTSIDE, *(prefix + label for label in labels for prefix in ("B-", "I-", "E-", "S-")))
        self._codes: dict[str | None, int] = {None: _UNKNOWN, **{tag: i for i, tag in enumerate(self.iob2)}}
        begins, goes_on = self._columns()
        self._summing = np.zeros((len(self.tags), len(self.iob2)))
        self._summing[np.arange(len(self.tags)), np.where(goes_on, begins + 1, begins)] = 1.0
        self._decided = self._reading(begins, goes_on)

    def __len__(self) -> int:
        return len(self.tags)

    def allowed(self, tags: Iterable[Sequence[str | None]], longest: int) -> BoolArray:
        """Return which tags each word may have: (n_sentences, longest, n_tags); all of them where nothing is known.

        tags: IOB2, None where not known. A known `B-X` beside an unknown word may be B or S, a known `I-X` I or E. An
        `I-X` that nothing goes before, though the word before it is known, starts an entity. Padding may be anything.
        """
        rows = list(tags)
        codes = np.full((len(rows), longest + 1), _END, dtype=np.int64)
        for row, sentence in zip(codes, rows, strict=True):
            row[: len(sentence)] = [self._codes[tag] for tag in sentence]
        here, after = codes[:, :-1], codes[:, 1:]
        # In `tag_set` the I- of a label is an even number, and its B- is the one before.
        inside = (here > 0) & (here % 2 == 0)
        before = np.pad(here, ((0, 0), (1, 0)), constant_values=0)[:, :-1]
        orphan = inside & (before != _UNKNOWN) & (before != here) & (before != here - 1)
        label = (here - 1) // 2
        goes_on = (after == 2 * label + 2) | (after == _UNKNOWN)
        ends = after != 2 * label + 2
        found = np.zeros((len(rows), longest, len(self.tags)), dtype=np.bool_)
        found[here < 0] = True
        found[here == 0, 0] = True
        row_of, word = np.nonzero(here > 0)
        first = 4 * label[row_of, word] + 1
        within = (inside & ~orphan)[row_of, word]
        # B-, I-, E- and S- stand side by side.
        found[row_of, word, np.where(within, first + 1, first)] = goes_on[row_of, word]
        found[row_of, word, np.where(within, first + 2, first + 3)] = ends[row_of, word]
        return found

    def summed(self, probabilities: npt.NDArray[np.floating]) -> FloatArray:
        """Return IOB2 probabilities, (…, n_iob2): `B-` is B + S, `I-` is I + E."""
        return np.asarray(probabilities, dtype=np.float64) @ self._summing

    def read(self, tags: IntArray) -> IntArray:
        """Return the IOB2 positions that decided tags stand for: (…, n_words) to (…, n_words).

        B and S begin an entity. I and E go on with one where the word before has the same label; elsewhere they begin
        one. So whatever was decided becomes well-formed IOB2, and no word changes its label. That an entity ended with
        an E or S counts for less than the I or E that follows: where neighbours were not annotated, a network cannot
        know B from S, nor I from E.
        """
        before = np.concatenate([np.zeros_like(tags[..., :1]), tags[..., :-1]], axis=-1)
        return np.asarray(self._decided[before, tags])

    def _columns(self) -> tuple[IntArray, npt.NDArray[np.bool_]]:
        """Return for each tag the IOB2 position that begins its label, and whether it is an I or E."""
        numbers = np.arange(len(self.tags))
        label, part = (numbers - 1) // 4, (numbers - 1) % 4
        return np.where(numbers == 0, 0, 2 * label + 1), (numbers > 0) & ((part == 1) | (part == 2))

    def _reading(self, begins: IntArray, goes_on: BoolArray) -> IntArray:
        """Return the IOB2 position for (tag before, tag)."""
        continued = goes_on[None, :] & (begins[:, None] == begins[None, :])
        return np.where(continued, begins[None, :] + 1, begins[None, :])
