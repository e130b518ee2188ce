"""Facility location: the texts that together are most similar to all texts of the pool.

Source: Nemhauser, Wolsey & Fisher 1978 (greedy, at least 1 - 1/e of the optimum); Minoux 1978 (lazily).
"""

import heapq
from collections.abc import Iterator, Sequence

import numpy as np

from allabel.select.base import Choice, Pool, Tools
from retrieval.base import IntArray, ScoreArray, Similarity
from retrieval.columns import columns

# Columns are kept for when their gain is asked again: all of them up to 11,000 texts, above those that were asked last.
KEPT_BYTES = 512 * 1024**2
BATCH = 64


class FacilityLocation:
    """Picks texts so that every text of the pool is as similar as can be to one of them.

    Maximises `Σ_j max_{i chosen} U(j, i)`, greedily; U below 0 counts as 0.

    Every text j asks as the query and is served by its best chosen candidate i, itself included; U need not be
    symmetric. What is annotated serves as if it were chosen; a blank text asks nothing.
    """

    name = "facility_location"
    needs_annotations = False

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> list[Choice]:
        """Return the first `n` candidates, equal ones by position; score: the gain."""
        n = min(n, len(pool.candidates))
        if n <= 0:
            return []
        similarity = self._tools.similarity(pool.texts)
        best = np.array([0 if text.strip() else np.inf for text in pool.texts], dtype=np.float32)
        for _, some in columns(similarity, np.array(sorted(pool.labelled), dtype=np.int64)):
            np.maximum(best, some.max(axis=0), out=best)
        choices = []
        for position, gain, column in _greedy(similarity, pool.candidates, best):
            served = column > best
            reason = (
                f"the most similar choice so far for {np.count_nonzero(served)} of {len(pool)} texts: the sum of the "
                f"best similarities grows by {gain:.2f} to {float(best[np.isfinite(best)].sum()) + gain:.2f}"
            )
            choices.append(Choice(position, gain, reason))
            if len(choices) == n:
                break
            np.maximum(best, column, out=best)
        return choices


def _greedy(similarity: Similarity, open_: IntArray, best: ScoreArray) -> Iterator[tuple[int, float, ScoreArray]]:
    """Yield `(position, gain, column)` in greedy order, ties by position; the caller raises `best` by the column.

    best: (n_texts,). Gains only fall as it rises, so a gain is worked out again only when it comes to the top.
    """
    room = max(2 * BATCH, KEPT_BYTES // (4 * len(best)))
    kept: dict[int, ScoreArray] = {}
    more = np.empty_like(best)

    def gain(column: ScoreArray) -> float:
        np.subtract(column, best, out=more)
        return float(np.add.reduce(np.maximum(more, 0, out=more)))

    def keep(positions: Sequence[int]) -> None:
        for old in [*kept][: max(0, len(kept) + len(positions) - room)]:
            del kept[old]
        for some, found in columns(similarity, np.array(positions, dtype=np.int64)):
            # A copy of each row: a view would hold its whole block until the last row of it is let go.
            kept.update({position: row.copy() for position, row in zip(some.tolist(), found, strict=True)})

    heap: list[tuple[float, int, int]] = []  # minus the gain, the position, how many were chosen when it was worked out
    for some, found in columns(similarity, open_):
        heap += [(-gain(column), position, 0) for position, column in zip(some.tolist(), found, strict=True)]
        if len(open_) <= room:
            kept.update(zip(some.tolist(), found, strict=True))
    heapq.heapify(heap)
    n_chosen = 0
    while heap:
        bound, position, when = heap[0]
        if position not in kept:
            nearest = [entry[1] for entry in heapq.nsmallest(BATCH, heap)]
            keep([one for one in nearest if one not in kept])
        if when == n_chosen:
            heapq.heappop(heap)
            yield position, -bound, kept[position]
            n_chosen += 1
        else:
            kept[position] = kept.pop(position)  # asked last, so kept longest
            heapq.heapreplace(heap, (-gain(kept[position]), position, n_chosen))
