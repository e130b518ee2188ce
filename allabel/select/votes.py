"""Votes of texts for the neighbours that could serve them: the measure behind fast vote-k and vote-k.

Source: Su et al. 2023 (selective annotation, ICLR).
"""

import numpy as np
import numpy.typing as npt

from allabel.select.base import Pool
from retrieval.base import IntArray, Similarity
from retrieval.neighbours import neighbours

# The published number, for pools of thousands: where it comes near the size of the pool, all votes are soon used up.
MOST_NEIGHBOURS, FEWEST_NEIGHBOURS, POOL_SHARE = 150, 5, 20
DISCOUNT = 10
# A whole vote: votes are whole numbers, so that sums of them tie exactly. After twelve discounts nothing is left.
VOTE = 10**12


def n_neighbours(n_texts: int) -> int:
    """Return how many neighbours a text of such a pool votes for: a twentieth of it, at least 5 and at most 150."""
    return min(MOST_NEIGHBOURS, max(FEWEST_NEIGHBOURS, n_texts // POOL_SHARE))


class Votes:
    """Every unlabelled text votes for its `k` nearest; its vote is worth 10^-t once t of them were chosen.

    k: None for `n_neighbours` of the pool.
    """

    def __init__(self, similarity: Similarity, pool: Pool, k: int | None = None) -> None:
        self._listed = neighbours(similarity, n_neighbours(len(pool)) if k is None else k).ids
        self.n_neighbours = self._listed.shape[1]
        listed = self._listed.ravel()
        self._voters = np.argsort(listed, kind="stable") // max(1, self.n_neighbours)
        self.n_voters = np.bincount(listed, minlength=len(pool))
        self._ends = np.cumsum(self.n_voters)
        self._by_voters = np.argsort(-self.n_voters, kind="stable")
        self._worth = np.array([VOTE if text.strip() else 0 for text in pool.texts], dtype=np.int64)
        self._sums = np.zeros(len(pool), dtype=np.int64)
        np.add.at(self._sums, self._listed, self._worth[:, None])
        for position in sorted(pool.labelled):
            self.choose(position)

    def choose(self, position: int) -> None:
        """Take a text: it votes no more, and those that voted for it count for a tenth."""
        voters = self._voters[self._ends[position] - self.n_voters[position] : self._ends[position]]
        voters = voters[self._worth[voters] > 0]
        left = self._worth[voters] // DISCOUNT
        np.subtract.at(self._sums, self._listed[voters], (self._worth[voters] - left)[:, None])
        self._worth[voters] = left
        self._sums[self._listed[position]] -= self._worth[position]
        self._worth[position] = 0

    def best(self, open_: npt.NDArray[np.bool_]) -> int:
        """Return the open text with most votes, then most voters, then the first; open_: (n_texts,), not all False."""
        by_voters = self._by_voters
        return int(by_voters[np.argmax(np.where(open_[by_voters], self._sums[by_voters], -1))])

    def best_of(self, positions: IntArray) -> int:
        """Return the one of these, not empty, with most votes, then most voters, then the first in the pool."""
        return int(positions[np.lexsort((positions, -self.n_voters[positions], -self._sums[positions]))[0]])

    def of(self, position: int) -> float:
        """Return what a text's votes are worth now, 1 for a whole vote."""
        return float(self._sums[position]) / VOTE
