"""The seam of this room: a stage picks texts from a pool and says why."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np

from allabel.document import DocId
from allabel.reply import Reply
from retrieval.base import IntArray, Similarity


@dataclass(frozen=True)
class Pool:
    """All texts of a project.

    labelled: the positions that are annotated or already chosen. spare: those of near-duplicates of another candidate
    or of a labelled text, which are never chosen.
    """

    ids: tuple[DocId, ...]
    texts: tuple[str, ...]
    labelled: frozenset[int] = field(default=frozenset())
    spare: frozenset[int] = field(default=frozenset())

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def candidates(self) -> IntArray:
        """The positions that may be chosen, ascending: not labelled, not spare, and not blank (nothing to mark)."""
        taken = self.labelled | self.spare
        free = [i for i, text in enumerate(self.texts) if i not in taken and text.strip()]
        return np.array(free, dtype=np.int64)

    def with_chosen(self, positions: Sequence[int]) -> "Pool":
        """Return the pool with these positions taken out of the candidates."""
        return Pool(self.ids, self.texts, self.labelled.union(positions), self.spare)


@dataclass(frozen=True, slots=True)
class Choice:
    """One chosen text: its position in the pool, the stage's score for it, and the reason in words with numbers."""

    position: int
    score: float
    reason: str


@dataclass(frozen=True)
class Tools:
    """What stages may work with.

    similarity: builds the similarity of a pool's texts, or gives back the one it built for the same texts.
    annotate: tags texts with the annotator in use and the annotated texts as demonstrations.
    cap: at most this many texts are tagged to measure uncertainty, drawn from the candidates; None for all.
    on_board: as `annotate`, by the annotator that needs no server; None where `annotate` is that one.
    """

    similarity: Callable[[Sequence[str]], Similarity]
    annotate: Callable[[Sequence[str]], list[Reply]]
    cap: int | None = None
    on_board: Callable[[Sequence[str]], list[Reply]] | None = None


class Stage(Protocol):
    """A selection strategy. Constructed with `Tools`; registered under the entry points `allabel.strategies`.

    needs_annotations: whether everything chosen before must be annotated first.
    """

    name: str
    needs_annotations: bool

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> list[Choice]:
        """Return at most `n` candidates, distinct, best first, the same ones for the same pool and generator.

        A smaller `n` gives a prefix of what a larger one gives.
        """
        ...
