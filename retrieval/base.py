"""The seam of this layer: texts in, ranked texts out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


class RetrievalError(ValueError):
    """An index or a query that cannot be."""


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

    def blocks(self) -> Iterator[tuple[int, FloatArray]]:
        """Yield `(first_row, U)` a block of query rows at a time: (n_rows, n_texts), the diagonal included."""
        ...

    def to(self, position: int) -> FloatArray:
        """Return U(i, position) for every text i: (n_texts,)."""
        ...

    def means(self) -> FloatArray:
        """Return each text's mean similarity as a query to all other texts: (n_texts,); 0 for a single text."""
        ...
