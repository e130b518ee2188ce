"""Okapi BM25 as a sparse matrix: one measure for top-k search and for all pairs.

Source: Robertson & Zaragoza 2009, as the package rank_bm25 (`BM25Okapi`) computes it, its rule for negative idf
included: a term in more than half of the texts gets `epsilon` times the mean idf.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Self

import numpy as np
from scipy import sparse

from retrieval.base import FloatArray, IntArray, RetrievalError, ScoreArray, TopK
from retrieval.counts import Vocabulary
from retrieval.latent import latent
from retrieval.pairs import BLOCK_BYTES, Pairs
from retrieval.top_k import top_k


class Bm25:
    """BM25 over a fixed sequence of texts; `search` and `blocks` give the same scores as `rank_bm25.BM25Okapi`."""

    def __init__(self, texts: Sequence[str], *, k1: float = 1.5, b: float = 0.75, epsilon: float = 0.25) -> None:
        if not texts:
            raise RetrievalError("a BM25 index needs at least one text")
        self._vocabulary = Vocabulary()
        self._set(self._vocabulary.count(texts, grow=True), (k1, b, epsilon))

    def _set(self, counts: "sparse.csr_array[np.float64]", parameters: tuple[float, float, float]) -> None:
        self._counts, self._parameters = counts, parameters
        self._weights = _weights(counts, *parameters)

    def extended(self, texts: Sequence[str]) -> Self:
        """Return the index of the same texts and these after them, as if built anew; this one stays as it is.

        Only the new texts are split into words: one more of 10,000 takes a twentieth of building anew.
        """
        made = type(self).__new__(type(self))
        made._vocabulary = self._vocabulary.copy()
        new = made._vocabulary.count(texts, grow=True)
        kept = (self._counts.data, self._counts.indices, self._counts.indptr)
        old = sparse.csr_array(kept, shape=(len(self), new.shape[1]))
        made._set(sparse.vstack([old, new], format="csr"), self._parameters)
        return made

    def __len__(self) -> int:
        return int(self._weights.shape[0])

    def scores(self, queries: Sequence[str]) -> FloatArray:
        """Return the score of every indexed text for each query: (n_queries, n_texts)."""
        return np.asarray((self._vocabulary.count(queries, grow=False) @ self._by_term).toarray())

    def search(self, queries: Sequence[str], k: int) -> TopK:
        """Return the `min(k, len(self))` best texts for each query, best first, ties by position."""
        k = min(k, len(self))
        ids = np.empty((len(queries), k), dtype=np.int64)
        best = np.empty((len(queries), k), dtype=np.float64)
        rows = self._rows_per_block()
        for start in range(0, len(queries) if k > 0 else 0, rows):
            part = slice(start, start + rows)
            ids[part], best[part] = top_k(self.scores(queries[part]), k)
        return TopK(ids, best)

    def blocks(self, queries: IntArray | None = None) -> Iterator[tuple[IntArray, ScoreArray]]:
        """Yield `(some_queries, scores)`: indexed texts as queries against all of them, a block of rows at a time.

        scores: (n_some_queries, n_texts), single precision; a text's score with itself is in, for the caller to leave
        out.
        """
        yield from self._pairs.blocks(np.arange(len(self)) if queries is None else queries)

    def to(self, position: int) -> FloatArray:
        """Return every indexed text's score as a query for the text at `position`: (n_texts,)."""
        return np.asarray((self._weights[[position]] @ self._counts_by_term).toarray()).ravel()

    def means(self) -> FloatArray:
        """Return each indexed text's mean score as a query over all other texts: (n_texts,)."""
        sums = self._counts @ np.asarray(self._weights.sum(axis=0)).ravel()
        own: FloatArray = np.asarray(self._counts.multiply(self._weights).sum(axis=1)).ravel()
        return np.asarray((sums - own) / max(1, len(self) - 1))

    def columns(self, positions: IntArray) -> Iterator[tuple[IntArray, ScoreArray]]:
        """Yield `(some_positions, scores)`: (n_some_positions, n_texts), every indexed text as a query for each."""
        yield from self._pairs_turned.blocks(positions)

    def vectors(self) -> ScoreArray:
        """Return each text's place in the latent semantic space of the BM25 weights: (n_texts, at most 128).

        Rows have length 1, or 0 for a text without words.
        """
        return self._vectors

    @cached_property
    def _vectors(self) -> ScoreArray:
        return latent(self._weights)

    @cached_property
    def _pairs_turned(self) -> Pairs:
        return Pairs(self._weights, self._counts)

    @cached_property
    def _by_term(self) -> "sparse.csr_array[np.float64]":
        return self._weights.T.tocsr()

    @cached_property
    def _pairs(self) -> Pairs:
        return Pairs(self._counts, self._weights)

    @cached_property
    def _counts_by_term(self) -> "sparse.csr_array[np.float64]":
        return self._counts.T.tocsr()

    def _rows_per_block(self) -> int:
        return max(1, BLOCK_BYTES // (8 * len(self)))


def _weights(
    counts: "sparse.csr_array[np.float64]", k1: float, b: float, epsilon: float
) -> "sparse.csr_array[np.float64]":
    n_texts = counts.shape[0]
    document_frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    idf = np.log(n_texts - document_frequency + 0.5) - np.log(document_frequency + 0.5)
    seen = document_frequency > 0
    idf[idf < 0] = epsilon * (idf[seen].mean() if seen.any() else 0.0)
    lengths: FloatArray = np.asarray(counts.sum(axis=1)).ravel()
    mean_length = lengths.mean() or 1.0
    saturation = k1 * (1 - b + b * lengths / mean_length)
    data = counts.data + np.repeat(saturation, np.diff(counts.indptr))
    np.divide(counts.data * (k1 + 1), data, out=data)
    data *= idf[counts.indices]
    # The sparsity is that of the counts, and is held once.
    return sparse.csr_array((data, counts.indices, counts.indptr), shape=counts.shape, copy=False)
