"""Maximal marginal relevance: near to the query, unlike what is taken. Source: Carbonell & Goldstein 1998."""

from collections.abc import Sequence

import numpy as np

from retrieval.base import FloatArray, IntArray, RetrievalError, ScoreArray, TopK
from retrieval.bm25 import Bm25
from retrieval.borrowed import Borrowed, Index

DIVERSITY = 0.3
N_CANDIDATES = 50


def mmr(relevance: FloatArray, vectors: ScoreArray, n: int, diversity: float) -> tuple[IntArray, FloatArray]:
    """Return positions and values of the `n` candidates taken one by one, twice (min(n, n_candidates),).

    relevance: (n_candidates,), 1 for the best. vectors: (n_candidates, n_dimensions), rows of length 1 or 0: likeness
    is their inner product, 0 where negative. A candidate's value is (1 - diversity) * relevance - diversity * its
    greatest likeness to one taken before; values never rise, and ties go by position.
    """
    n = min(n, len(relevance))
    alike = np.clip(vectors @ vectors.T, 0, 1).astype(np.float64)
    value = (1 - diversity) * relevance
    nearest = np.zeros(len(relevance))
    taken, values = np.empty(n, dtype=np.int64), np.empty(n)
    for i in range(n):
        current = value - diversity * nearest
        current[taken[:i]] = -np.inf
        taken[i] = best = int(np.argmax(current))
        values[i] = current[best]
        np.maximum(nearest, alike[best], out=nearest)
    return taken, values


def relative(scores: FloatArray) -> FloatArray:
    """Return descending scores (n,) as relevance, 1 for the best; where none is above 0, how far each is below it."""
    return scores / scores[0] if len(scores) and scores[0] > 0 else scores - scores[:1]


class Mmr(Borrowed):
    """Ranks the candidates of a retriever anew by maximal marginal relevance, and leaves the others in its order.

    diversity: in [0, 1]; 0 leaves the retriever's order. n_candidates: how many are ranked anew. Likeness is that of
    the index's vectors; similarity is the index's too.
    """

    def __init__(self, texts: Sequence[str], *, diversity: float = DIVERSITY, n_candidates: int = N_CANDIDATES) -> None:
        self._set(Bm25(texts), diversity, n_candidates)

    @classmethod
    def over(cls, index: Index, *, diversity: float = DIVERSITY, n_candidates: int = N_CANDIDATES) -> "Mmr":
        """Rank the candidates of any index; the constructor takes BM25."""
        made = cls.__new__(cls)
        made._set(index, diversity, n_candidates)
        return made

    def _set(self, index: Index, diversity: float, n_candidates: int) -> None:
        if not 0 <= diversity <= 1 or n_candidates < 1:
            raise RetrievalError(f"diversity {diversity} lies outside [0, 1], or {n_candidates} candidates are too few")
        super().__init__(index)
        self._diversity, self._n_candidates = diversity, n_candidates

    def search(self, queries: Sequence[str], k: int) -> TopK:
        """Return the `min(k, len(self))` best texts for each query, best first, ties by position.

        Beyond the candidates a text's score is what it would be if it were a copy of one taken: the least it can be.
        """
        k, m = max(0, min(k, len(self))), min(self._n_candidates, len(self))
        found = self._index.search(queries, max(k, m))
        ids, scores = found.ids[:, :k].copy(), np.empty((len(queries), k))
        vectors = self._index.vectors()
        for row in range(len(queries) if k else 0):
            relevance = relative(found.scores[row])
            # By position, so that ties are.
            order = np.argsort(found.ids[row, :m])
            candidates = found.ids[row, :m][order]
            taken, values = mmr(relevance[:m][order], vectors[candidates], min(k, m), self._diversity)
            ids[row, :m], scores[row, :m] = candidates[taken], values
            scores[row, m:] = (1 - self._diversity) * relevance[m:k] - self._diversity
        return TopK(ids, scores)
