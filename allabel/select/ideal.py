"""IDEAL: texts whose influence spreads farthest over the graph of nearest neighbours.

Source: Zhang et al. 2024 (IDEAL, ICLR): k = 10 neighbours, independent cascades, greedy; the influence of a set is the
mean number of texts reached in ten cascades. The cascades are drawn once for all sets (live edges: Kempe, Kleinberg &
Tardos 2003), so that greedy choice is one of maximum coverage, exact and without repeated draws.
"""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import sparse

from allabel.select.base import Choice, Pool, Tools
from retrieval.base import IntArray, Similarity, TopK
from retrieval.neighbours import neighbours

if TYPE_CHECKING:
    Reach = sparse.csr_array[np.float32]

N_NEIGHBOURS, N_CASCADES = 10, 10


class Ideal:
    """Picks texts from which the most others are reached, along random paths between neighbours.

    As in the paper, influence goes from a text to its `k` nearest, to each with its similarity's share of theirs;
    similarities below 0 count as 0. What is annotated reaches as if it were chosen.
    """

    name = "ideal"
    needs_annotations = False

    def __init__(self, tools: Tools, *, k: int = N_NEIGHBOURS, n_cascades: int = N_CASCADES) -> None:
        self._tools, self._k, self._n_cascades = tools, k, n_cascades

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> list[Choice]:
        """Return the first `n` candidates, equal ones by position; score: the texts reached more, as a mean."""
        candidates = pool.candidates
        n = min(n, len(candidates))
        if n <= 0:
            return []
        counted = np.array([bool(text.strip()) for text in pool.texts])
        reach = self._reach(self._tools.similarity(pool.texts), counted, rng)
        reached_by = reach.T.tocsr()
        gains = np.diff(reach.indptr).astype(np.int64)
        missing = np.ones(reach.shape[1], dtype=bool)

        def take(position: int) -> None:
            new = _row(reach, position)
            new = new[missing[new]]
            missing[new] = False
            np.subtract.at(gains, reached_by[new].indices, 1)

        for position in sorted(pool.labelled):
            take(position)
        open_ = np.zeros(len(pool), dtype=bool)
        open_[candidates] = True
        choices = []
        for _ in range(n):
            position = int(np.argmax(np.where(open_, gains, -1)))
            gain = float(gains[position]) / self._n_cascades
            reason = (
                f"its influence reaches {gain:.1f} texts that nothing chosen before reaches, itself included, in the "
                f"mean of {self._n_cascades} cascades; {len(missing) / self._n_cascades:.0f} texts can be reached"
            )
            choices.append(Choice(position, gain, reason))
            open_[position] = False
            take(position)
        return choices

    def _reach(self, similarity: Similarity, counted: npt.NDArray[np.bool_], rng: np.random.Generator) -> "Reach":
        """Return whom each text reaches: (n_texts, n_cascades * n_counted), 1 for reached, itself included."""
        near = neighbours(similarity, self._k)
        cascades = [_closure(_live(near, rng))[:, counted] for _ in range(self._n_cascades)]
        return sparse.hstack(cascades, format="csr")


def _live(near: TopK, rng: np.random.Generator) -> "Reach":
    """Draw the edges along which influence goes: (n_texts, n_texts)."""
    n, k = near.ids.shape
    weights = np.maximum(near.scores, 0)
    live = rng.random((n, k)) * weights.sum(axis=1, keepdims=True) < weights
    ends = np.concatenate([[0], np.cumsum(live.sum(axis=1))])
    return sparse.csr_array((np.ones(int(ends[-1]), dtype=np.float32), near.ids[live], ends), shape=(n, n))


def _closure(edges: "Reach") -> "Reach":
    """Return which text reaches which along any number of edges, itself by none: (n_texts, n_texts), of ones."""
    reach = (edges + sparse.eye_array(edges.shape[0], dtype=np.float32, format="csr")).tocsr()
    reach.data[:] = 1
    while True:
        # Squared, so that the longest path takes few steps.
        further = (reach @ reach).tocsr()
        further.data[:] = 1
        if further.nnz == reach.nnz:
            return further
        reach = further


def _row(matrix: "Reach", row: int) -> IntArray:
    return np.asarray(matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]], dtype=np.int64)
