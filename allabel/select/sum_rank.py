"""Stage S, similarity: the texts that rank high as demonstrations for the unlabelled data as a whole.

Source: ALLabel (arXiv 2509.07512), stage S; the default reading of docs/adr/003-readings.md.
"""

import numpy as np

from allabel.select.base import Choice, Pool, Tools
from retrieval.base import FloatArray


class SumRank:
    """Picks the texts with the smallest `sum_rank(i) = Σ_j rank_j(i)`, every unlabelled text j as a query."""

    name = "sum_rank"
    needs_annotations = False

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> list[Choice]:
        """Return the `n` candidates with the smallest sums of ranks, ties by position; score: minus the mean rank."""
        candidates = pool.candidates
        if n <= 0 or not len(candidates):
            return []
        sums = np.zeros(len(pool))
        queries = np.zeros(len(pool), dtype=bool)
        queries[candidates] = True
        for first, block in self._tools.similarity(pool.texts).blocks():
            rows = np.flatnonzero(queries[first : first + len(block)])
            scores = block[rows][:, candidates]
            sums[candidates] += _rank_sums(scores, np.searchsorted(candidates, rows + first))
        mean_ranks = sums[candidates] / max(1, len(candidates) - 1)
        order = np.argsort(mean_ranks, kind="stable")[:n]
        return [
            Choice(
                int(candidates[i]),
                -float(mean_ranks[i]),
                f"a good demonstration for many: mean rank {mean_ranks[i]:.0f} among {len(candidates)} texts "
                f"over all of them as queries, where chance is {len(candidates) / 2:.0f}",
            )
            for i in order
        ]


def _rank_sums(scores: FloatArray, own: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> FloatArray:
    """Sum each candidate's ranks over the query rows: (n_rows, n_candidates) to (n_candidates,).

    Rank 1 is the best; a query does not rank itself (`own`, its column); texts that share no word with the query tie
    at the mean of their ranks, since any order among them would favour a place in the file.
    """
    n_rows, n = scores.shape
    rows = np.arange(n_rows)
    scores = scores.copy()
    scores[rows, own] = np.inf  # sorted to the front as rank 0, so that the others start at 1
    order = np.argsort(-scores, axis=1, kind="stable")
    ranks = np.empty_like(scores)
    np.put_along_axis(ranks, order, np.broadcast_to(np.arange(n, dtype=np.float64), (n_rows, n)), axis=1)
    zero = scores == 0
    n_above, n_zero = (scores > 0).sum(axis=1), zero.sum(axis=1)
    tied = np.broadcast_to((n_above + (n_zero - 1) / 2)[:, None], scores.shape)
    return np.asarray(np.where(zero, tied, ranks).sum(axis=0))
