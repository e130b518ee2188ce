"""Texts as unit vectors of a sentence encoder, compared by inner product.

Source: Reimers & Gurevych 2019 (sentence-transformers); Johnson et al. 2019 (faiss).
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from retrieval.base import FloatArray, IntArray, RetrievalError, ScoreArray, TopK
from retrieval.encoder import ENCODER, encode, needed
from retrieval.pairs import BLOCK_BYTES


class Dense:
    """A retriever and a similarity over a fixed sequence of texts; U is the cosine of two embeddings, symmetric.

    encoder: a sentence-transformers model, by its name on the Hugging Face hub or the path of its folder.
    Raises MissingPackageError without sentence-transformers or faiss, RetrievalError where the model cannot be had.
    """

    def __init__(self, texts: Sequence[str], *, encoder: str = ENCODER) -> None:
        if not texts:
            raise RetrievalError("a dense index needs at least one text")
        needed("faiss")
        self._vectors, self._encoder = _unit(encode(texts, encoder)), encoder

    @classmethod
    def of_vectors(cls, vectors: npt.ArrayLike, *, encoder: str = ENCODER) -> Self:
        """Return the index of texts that are embedded already: (n_texts, n_dimensions), of any length.

        encoder: what embeds the queries of `search`; nothing but `search` and `nearest` needs the optional packages.
        """
        made = cls.__new__(cls)
        made._vectors, made._encoder = _unit(np.asarray(vectors, dtype=np.float32)), encoder
        return made

    def extended(self, texts: Sequence[str]) -> Self:
        """Return the index of the same texts and these after them; only these are embedded, and this one stays."""
        if not texts:
            return self
        return self.of_vectors(np.concatenate([self._vectors, encode(texts, self._encoder)]), encoder=self._encoder)

    def __len__(self) -> int:
        return len(self._vectors)

    def search(self, queries: Sequence[str], k: int) -> TopK:
        """Return the `min(k, len(self))` best texts for each query, best first, ties by position."""
        if not queries:
            return TopK(np.empty((0, min(k, len(self))), dtype=np.int64), np.empty((0, min(k, len(self)))))
        return self.nearest(encode(queries, self._encoder), k)

    def nearest(self, queries: ScoreArray, k: int) -> TopK:
        """Return the `min(k, len(self))` best texts for each embedded query: (n_queries, n_dimensions)."""
        k = max(0, min(k, len(self)))
        ids, best = np.empty((len(queries), k), dtype=np.int64), np.empty((len(queries), k))
        if not k:
            return TopK(ids, best)
        index, copies = self._index
        n = len(copies)
        scores, found = index.search(_unit(queries), min(k + 1, n))
        for row in range(len(queries)):
            some, which = scores[row], found[row]
            if k < n and some[k - 1] == some[k]:
                # Of equal scores around the k-th faiss keeps any, so this query is ranked whole.
                (some,), (which,) = index.search(_unit(queries[row : row + 1]), n)
            order = np.lexsort((which, -some))[:k]
            positions = np.concatenate([copies[i] for i in which[order]])
            values = np.repeat(some[order], [len(copies[i]) for i in which[order]])
            order = np.lexsort((positions, -values))[:k]
            ids[row], best[row] = positions[order], values[order]
        return TopK(ids, best)

    @cached_property
    def _index(self) -> tuple[Any, list[list[int]]]:
        """The faiss index of the distinct vectors, and the positions of each: copies tie whatever faiss rounds."""
        copies: dict[bytes, list[int]] = {}
        for position, vector in enumerate(self._vectors):
            copies.setdefault(vector.tobytes(), []).append(position)
        index = needed("faiss").IndexFlatIP(self._vectors.shape[1])
        index.add(self._vectors[[positions[0] for positions in copies.values()]])
        return index, list(copies.values())

    def blocks(self, queries: IntArray | None = None) -> Iterator[tuple[IntArray, ScoreArray]]:
        """Yield `(some_queries, U)` for these positions as queries, in order: (n_some_queries, n_texts)."""
        queries = np.arange(len(self)) if queries is None else queries
        step = max(1, BLOCK_BYTES // (4 * len(self)))
        for start in range(0, len(queries), step):
            some = queries[start : start + step]
            yield some, self._vectors[some] @ self._vectors.T

    def columns(self, positions: IntArray) -> Iterator[tuple[IntArray, ScoreArray]]:
        """Yield `(some_positions, U)`: (n_some_positions, n_texts); U is symmetric, so these are the blocks."""
        yield from self.blocks(positions)

    def among(self, positions: IntArray) -> Self:
        """Return the index of these texts alone, in this order."""
        return self.of_vectors(self._vectors[positions], encoder=self._encoder)

    def to(self, position: int) -> FloatArray:
        """Return every text's similarity to the one at `position`: (n_texts,)."""
        return np.asarray(self._vectors @ self._vectors[position], dtype=np.float64)

    def means(self) -> FloatArray:
        """Return each text's mean similarity to all other texts: (n_texts,)."""
        total = self._vectors.sum(axis=0, dtype=np.float64)
        own = np.einsum("ij,ij->i", self._vectors, self._vectors)
        return np.asarray((self._vectors @ total - own) / (len(self) - 1)) if len(self) > 1 else np.zeros(1)

    def vectors(self) -> ScoreArray:
        """Return the embeddings: (n_texts, n_dimensions), rows of length 1, or 0 where one was given as 0."""
        return self._vectors


def _unit(vectors: ScoreArray) -> ScoreArray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0), dtype=np.float32)
