"""The seam of this layer: texts in, ranked texts out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
ScoreArray = npt.NDArray[np.float32]


class RetrievalError(ValueError):
    """An index or a query that cannot be."""


class MissingPackageError(RetrievalError):
    """An index whose optional packages are not installed."""


@dataclass(frozen=True, slots=True)
class TopK:
    """The k best rows of an index for each query.

    ids: (n_queries, k) positions in the indexed sequence, best first, ties by position.
    scores: (n_queries, k), descending.
    """

    ids: IntArray
    scores: FloatArray


class Retriever(Protocol):
    """Ranks the texts it was built from."""

    def __len__(self) -> int:
        """How many texts are indexed."""
        ...

    def search(self, queries: Sequence[str], k: int) -> TopK:
        """Return the `min(k, len(self))` best texts for each query, best first, ties by position."""
        ...


class Similarity(Protocol):
    """How alike the indexed texts are: U(i, j), text i as the query and text j as the candidate."""

    def __len__(self) -> int:
        """How many texts are indexed."""
        ...

    def blocks(self, queries: IntArray | None = None) -> Iterator[tuple[IntArray, ScoreArray]]:
        """Yield `(some_queries, U)` for these positions as queries (all by default), in order, a block at a time.

        U: (n_some_queries, n_texts), the similarity to itself included. A block takes 64 MB at most.
        """
        ...

    def to(self, position: int) -> FloatArray:
        """Return U(i, position) for every text i: (n_texts,)."""
        ...

    def means(self) -> FloatArray:
        """Return each text's mean similarity as a query to all other texts: (n_texts,); 0 for a single text."""
        ...

    def vectors(self) -> ScoreArray:
        """Return the texts as points whose inner products follow U: (n_texts, n_dimensions), rows of length 1 or 0."""
        ...
