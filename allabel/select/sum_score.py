"""Other readings of stage S: sums of similarities in place of ranks, the text as the candidate or as the query.

With the text as the query, ranks would say nothing: the ranks of all others sum to the same for every text.
Source: ALLabel (arXiv 2509.07512), stage S, which leaves the reading open; docs/adr/003-readings.md.
"""

import numpy as np

from allabel.select.base import Choice, Pool, Tools
from allabel.select.queries import drawn
from retrieval.base import FloatArray, IntArray


class SumScore:
    """Picks the texts that score highest as demonstrations for all others.

    The largest `Σ_j U(j, i)` first, every unlabelled text j as a query. From 100,000 texts on 10,000 drawn queries
    stand for all.
    """

    name = "sum_score"
    needs_annotations = False
    _role = "to the others as queries"

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> list[Choice]:
        """Return the `n` candidates of the largest mean, ties by position; score: the mean similarity."""
        candidates = pool.candidates
        if n <= 0 or not len(candidates):
            return []
        unlabelled = np.setdiff1d(np.arange(len(pool)), sorted(pool.labelled))
        means = self._means(pool, unlabelled, rng)[candidates]
        order = np.argsort(-means, kind="stable")[:n]
        middle = float(np.median(means))
        return [
            Choice(
                int(candidates[i]),
                float(means[i]),
                f"like many others: mean similarity {self._role} {means[i]:.2f}, the median text's {middle:.2f}",
            )
            for i in order
        ]

    def _means(self, pool: Pool, unlabelled: IntArray, rng: np.random.Generator) -> FloatArray:
        """Return each text's mean similarity with the unlabelled others: (n_texts,)."""
        queries = drawn(unlabelled, rng)
        sums, own = np.zeros(len(pool)), np.zeros(len(pool), dtype=bool)
        own[queries] = True
        for some, block in self._tools.similarity(pool.texts).blocks(queries):
            block[np.arange(len(some)), some] = 0
            sums += block.sum(axis=0, dtype=np.float64)
        return np.asarray(sums / np.maximum(1, len(queries) - own))


class SumScoreAsQuery(SumScore):
    """Picks the texts to which the others score highest: the largest `Σ_j U(i, j)` first, the text i as the query."""

    name = "sum_score_as_query"
    _role = "as a query to the others"

    def _means(self, pool: Pool, unlabelled: IntArray, rng: np.random.Generator) -> FloatArray:
        """Return each text's mean similarity as a query to all others: (n_texts,)."""
        return self._tools.similarity(pool.texts).means()
