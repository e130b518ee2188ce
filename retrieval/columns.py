"""What some similarities can do faster than the protocol asks: many columns at once, or part of them."""

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import numpy as np

from retrieval.base import IntArray, ScoreArray, Similarity


@runtime_checkable
class InBlocks(Protocol):
    """A similarity that computes many columns faster together than one by one."""

    def columns(self, positions: IntArray) -> Iterator[tuple[IntArray, ScoreArray]]:
        """Yield `(some_positions, U)`, in order; U: (n_some_positions, n_texts), row p is U(i, p) for every text i."""
        ...


@runtime_checkable
class InPart(Protocol):
    """A similarity where a few texts among themselves cost less than all."""

    def among(self, positions: IntArray) -> Similarity:
        """Return the similarity of these texts, in this order, with the values that they have in the whole."""
        ...


def columns(similarity: Similarity, positions: IntArray) -> Iterator[tuple[IntArray, ScoreArray]]:
    """Yield `(some_positions, U)`, in order; U: (n_some_positions, n_texts), row p is U(i, p) for every text i."""
    if isinstance(similarity, InBlocks):
        yield from similarity.columns(positions)
    else:
        for i in range(len(positions)):
            yield positions[i : i + 1], similarity.to(int(positions[i])).astype(np.float32)[None, :]
