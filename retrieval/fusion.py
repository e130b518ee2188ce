"""Several rankings of the same texts as one, by reciprocal rank fusion. Source: Cormack, Clarke & Buettcher 2009."""

from collections.abc import Sequence

import numpy as np

from retrieval.base import FloatArray, RetrievalError, TopK
from retrieval.bm25 import Bm25
from retrieval.borrowed import Borrowed, Growing, Index
from retrieval.dense import Dense
from retrieval.encoder import ENCODER
from retrieval.pairs import BLOCK_BYTES
from retrieval.top_k import top_k

CONSTANT = 60.0  # of the paper: how little the first ranks differ


class Fused(Borrowed):
    """Ranks texts by the sum of 1 / (constant + rank) over retrievers of the same texts.

    Scores of different measures are never compared. Texts that a retriever scores alike share the mean of their ranks,
    so that those without a common word are not told apart by position. Similarity is that of the first retriever.
    """

    def __init__(self, indexes: Sequence[Index], *, constant: float = CONSTANT) -> None:
        if not indexes or len({len(index) for index in indexes}) != 1:
            raise RetrievalError(f"fusion needs retrievers of the same texts, not of {[len(i) for i in indexes]}")
        super().__init__(indexes[0])
        self._indexes, self._constant = tuple(indexes), constant

    def extended(self, texts: Sequence[str]) -> "Fused":
        """Return the fusion over the same texts and these after them. Raises RetrievalError where a part cannot."""
        grown = []
        for index in self._indexes:
            if not isinstance(index, Growing):
                raise RetrievalError(f"{type(index).__name__} takes in no further texts: build the fusion anew")
            grown.append(index.extended(texts))
        return Fused(grown, constant=self._constant)

    def search(self, queries: Sequence[str], k: int) -> TopK:
        """Return the `min(k, len(self))` best texts for each query, best first, ties by position."""
        n, k = len(self), max(0, min(k, len(self)))
        ids, best = np.empty((len(queries), k), dtype=np.int64), np.empty((len(queries), k))
        rows = max(1, BLOCK_BYTES // (32 * n))
        for start in range(0, len(queries) if k else 0, rows):
            some = queries[start : start + rows]
            scores = np.zeros((len(some), n))
            for index in self._indexes:
                found = index.search(some, n)
                share = 1 / (self._constant + _ranks(found.scores))
                np.put_along_axis(scores, found.ids, np.take_along_axis(scores, found.ids, axis=1) + share, axis=1)
            ids[start : start + rows], best[start : start + rows] = top_k(scores, k)
        return TopK(ids, best)


def fused(texts: Sequence[str], *, encoder: str = ENCODER) -> Fused:
    """Fuse BM25 and dense retrieval. Raises what `Dense` raises."""
    return Fused([Bm25(texts), Dense(texts, encoder=encoder)])


def _ranks(scores: FloatArray) -> FloatArray:
    """Return the ranks, from 1, of descending scores (n_queries, n); equal ones share the mean of theirs."""
    n = scores.shape[1]
    place = np.broadcast_to(np.arange(n), scores.shape)
    new = np.ones(scores.shape, dtype=bool)
    new[:, 1:] = scores[:, 1:] != scores[:, :-1]
    first = np.maximum.accumulate(np.where(new, place, 0), axis=1)
    ends = np.ones(scores.shape, dtype=bool)
    ends[:, :-1] = new[:, 1:]
    last = np.minimum.accumulate(np.where(ends, place, n)[:, ::-1], axis=1)[:, ::-1]
    return np.asarray((first + last) / 2 + 1)
