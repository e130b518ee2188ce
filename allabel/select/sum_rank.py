"""Stage S, similarity: the texts that rank high as demonstrations for the unlabelled data as a whole.

Source: ALLabel (arXiv 2509.07512), stage S; the default reading of docs/adr/003-readings.md.
"""

import numpy as np

from allabel.select.base import Choice, Pool, Tools
from allabel.select.budget import count_tokens
from allabel.select.queries import drawn
from retrieval.base import FloatArray, IntArray
from retrieval.ranks import rank_sums


class SumRank:
    """Picks the texts that rank highest as demonstrations for all others.

    The smallest `sum_rank(i) = Σ_j rank_j(i)` first, every unlabelled text j as a query. From 100,000 texts on
    10,000 drawn queries stand for all: the mean rank of a text is then known to about half a per cent of the pool.
    """

    name = "sum_rank"
    needs_annotations = False

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> list[Choice]:
        """Return the `n` best candidates, ties by position; score: minus the mean rank."""
        candidates = pool.candidates
        if n <= 0 or not len(candidates):
            return []
        labelled = np.array(sorted(pool.labelled), dtype=np.int64)
        # Near-duplicates of others are queries too: they are to be tagged.
        queries = drawn(np.setdiff1d(np.arange(len(pool)), labelled), rng)
        sums = rank_sums(self._tools.similarity(pool.texts).blocks(queries), len(pool), labelled)
        # A text that is itself a query has one rank less to its sum.
        n_ranks = np.maximum(1, len(queries) - np.isin(candidates, queries))
        mean_ranks = sums[candidates] / n_ranks
        n_ranked = len(pool) - len(labelled)
        order = np.argsort(self._order(mean_ranks, n_ranked, pool, candidates), kind="stable")[:n]
        over = "all of them" if len(queries) == n_ranked else f"{len(queries)} drawn ones"
        return [
            Choice(
                int(candidates[i]),
                -float(mean_ranks[i]),
                "the only text left to choose from"
                if n_ranked == 1
                else f"a good demonstration for many: mean rank {mean_ranks[i]:.0f} among {n_ranked} texts "
                f"over {over} as queries, where chance is {n_ranked / 2:.0f}",
            )
            for i in order
        ]

    def _order(self, mean_ranks: FloatArray, n_ranked: int, pool: Pool, candidates: IntArray) -> FloatArray:
        """Return what the candidates are sorted by, ascending: (n_candidates,)."""
        return mean_ranks


class SumRankPerToken(SumRank):
    """Picks as `sum_rank`, by how much a text ranks better than chance per token: S alone picks long texts."""

    name = "sum_rank_per_token"

    def _order(self, mean_ranks: FloatArray, n_ranked: int, pool: Pool, candidates: IntArray) -> FloatArray:
        """Return ranks below chance a token, negated."""
        n_tokens = np.array([max(1, count_tokens(pool.texts[i])) for i in candidates.tolist()])
        return np.asarray((mean_ranks - (n_ranked + 1) / 2) / n_tokens)
