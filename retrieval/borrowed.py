"""The similarity of another index, for retrievers that only rank anew."""

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

from retrieval.base import FloatArray, IntArray, Retriever, ScoreArray, Similarity


class Index(Retriever, Similarity, Protocol):
    """A ranking of some texts and how alike they are."""


@runtime_checkable
class Growing(Protocol):
    """An index that takes in further texts for less than it costs to build it anew."""

    def extended(self, texts: Sequence[str]) -> Index:
        """Return the index of the same texts and these after them; this one stays as it is."""
        ...


class Borrowed:
    """Answers every question of `retrieval.base.Similarity` as the index it was given does."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def __len__(self) -> int:
        return len(self._index)

    def blocks(self, queries: IntArray | None = None) -> Iterator[tuple[IntArray, ScoreArray]]:
        """Yield the index's similarities, a block of queries at a time."""
        yield from self._index.blocks(queries)

    def to(self, position: int) -> FloatArray:
        """Return the index's similarity of every text to the one at `position`."""
        return self._index.to(position)

    def means(self) -> FloatArray:
        """Return the index's mean similarity of each text to all others."""
        return self._index.means()

    def vectors(self) -> ScoreArray:
        """Return the index's vectors of the texts."""
        return self._index.vectors()
