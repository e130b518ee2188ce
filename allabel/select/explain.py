"""Why this text? What a chosen text does for the others, in numbers and in a sentence."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from allabel.document import DocId
from allabel.select.base import Pool
from allabel.select.served import CLOSE_RANK, Served, served
from allabel.wording import counted
from retrieval.base import IntArray, Similarity

EXAMPLES, SNIPPET = 3, 80


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another text, its beginning, and a rank: 1 where no text of the pool is closer."""

    id: DocId
    snippet: str
    rank: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """What one chosen text does for the texts that nobody chose.

    n_texts: size of the pool. n_open: texts of it that nobody chose. n_served: texts that are not chosen and whose
    best demonstration among all chosen texts is this one. n_alone: those of them that have no other chosen text among
    their ten closest texts.
    examples: the served texts it is closest to, three at most, each with this text's rank for it.
    nearest: the closest other chosen text, with its rank among all texts for this one; None where there is none.
    """

    id: DocId
    position: int
    n_texts: int
    n_open: int
    n_served: int
    n_alone: int
    examples: tuple[Neighbour, ...]
    nearest: Neighbour | None

    def sentence(self) -> str:
        """Say it in one sentence with its numbers."""
        if self.n_texts == 1:
            return "it is the only text of the pool"
        if self.nearest is None:
            return f"{self._learn()}; no other text is chosen"
        return f"{self._learn()}{self._alone()}; the nearest other chosen text is {self.nearest.id}, rank " + (
            f"{self.nearest.rank:.0f} of {self.n_texts - 1}"
        )

    def _learn(self) -> str:
        if not self.n_open:
            return "every text of the pool is chosen"
        if not self.n_served:
            return "no text learns most from it: another chosen text is at least as close to each"
        return f"{counted(self.n_served, 'text')} learn{'s' if self.n_served == 1 else ''} most from it"

    def _alone(self) -> str:
        if not self.n_served:
            return ""
        if self.n_served == 1:
            return f", and has {'no other' if self.n_alone else 'another'} chosen text among its ten closest"
        if self.n_alone in (0, self.n_served):
            return f"; {'none' if self.n_alone else 'each'} of them has another chosen text among its ten closest"
        have = "has" if self.n_alone == 1 else "have"
        its = "its" if self.n_alone == 1 else "their"
        return f"; {self.n_alone} of them {have} no other chosen text among {its} ten closest"


def explain(pool: Pool, positions: Sequence[int], similarity: Similarity) -> list[Explanation]:
    """Explain chosen texts, in the order given, among everything that is annotated or chosen.

    positions: of chosen texts; those that `pool.labelled` does not name count as chosen too.
    similarity: of the pool's texts, in its order. Takes one block of it at a time.
    """
    # Near-duplicates that are never chosen are tagged all the same, so they count as served.
    pool = Pool(pool.ids, pool.texts, pool.labelled.union(positions))
    if not len(positions):
        return []
    chosen = np.array(sorted(pool.labelled), dtype=np.int64)
    rest = served(similarity, pool.candidates, chosen)
    asked, back = np.unique(np.array(positions, dtype=np.int64), return_inverse=True)
    own = served(similarity, asked, chosen)
    return [_explanation(pool, own, i, rest) for i in back.tolist()]


def _explanation(pool: Pool, own: Served, i: int, rest: Served) -> Explanation:
    position = int(own.queries[i])
    mine: IntArray = np.flatnonzero(rest.best == position)
    closest = mine[np.argsort(rest.rank[mine], kind="stable")][:EXAMPLES].tolist()
    nearest = int(own.best[i])
    return Explanation(
        pool.ids[position],
        position,
        len(pool),
        len(pool) - len(pool.labelled),
        len(mine),
        int((rest.other_rank[mine] > CLOSE_RANK).sum()),
        tuple(_neighbour(pool, int(rest.queries[j]), rest.rank[j]) for j in closest),
        None if nearest < 0 else _neighbour(pool, nearest, own.rank[i]),
    )


def _neighbour(pool: Pool, position: int, rank: float) -> Neighbour:
    return Neighbour(pool.ids[position], snippet(pool.texts[position]), float(rank))


def snippet(text: str, length: int = SNIPPET) -> str:
    """Return the text's beginning on one line, cut at a word with an ellipsis where it is longer."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    head, _, _ = line[:length].rpartition(" ")
    return (head or line[: length - 1]) + "…"
