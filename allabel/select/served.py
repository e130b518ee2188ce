"""Who serves whom: for each text, its best demonstration among some chosen texts, as a rank among all texts.

Ranks rather than similarities: BM25 scores of two queries cannot be compared, ranks can.
"""

from dataclasses import dataclass

import numpy as np

from retrieval.base import FloatArray, IntArray, ScoreArray, Similarity

# A chosen text is close to another where it is among the ten texts of the pool that are closest to that one.
CLOSE_RANK = 10


@dataclass(frozen=True, slots=True)
class Served:
    """The best demonstration of each query among the chosen texts.

    queries: (n_queries,) positions. best: (n_queries,) the position of each one's best chosen text, ties by position.
    rank: (n_queries,) the rank of it among all other texts of the pool, 1 for the closest, equal scores sharing the
    mean of theirs. other_rank: (n_queries,) the same of the second-best chosen text; inf where there is none.
    """

    queries: IntArray
    best: IntArray
    rank: FloatArray
    other_rank: FloatArray


def served(similarity: Similarity, queries: IntArray, chosen: IntArray) -> Served:
    """Find each query's best demonstration among `chosen`, ascending and not empty; a text never serves itself.

    A chosen text that is a query itself is served by the others; rank is inf (and best -1) where there are none.
    """
    best = np.full(len(queries), -1, dtype=np.int64)
    rank, other_rank = np.full(len(queries), np.inf), np.full(len(queries), np.inf)
    done = 0
    for part, block in similarity.blocks(queries):
        rows, here = np.arange(len(part)), slice(done, done + len(part))
        done += len(part)
        block[rows, part] = -np.inf
        scores = block[:, chosen]
        first = scores.argmax(axis=1)
        top = scores[rows, first]
        rank[here] = _rank(block, top)
        best[here] = np.where(np.isfinite(top), chosen[first], -1)
        scores[rows, first] = -np.inf
        other_rank[here] = _rank(block, scores.max(axis=1))
    return Served(queries, best, rank, other_rank)


def best_ranks(similarity: Similarity, queries: IntArray, groups: list[IntArray]) -> FloatArray:
    """Return the rank of each query's best demonstration in each group of positions: (n_queries, n_groups).

    Ranks are among all texts but the query; inf for an empty group. Queries must be in none of the groups.
    """
    found = np.full((len(queries), len(groups)), np.inf)
    done = 0
    for part, block in similarity.blocks(queries):
        block[np.arange(len(part)), part] = -np.inf
        for i, group in enumerate(groups):
            if len(group):
                found[done : done + len(part), i] = _rank(block, block[:, group].max(axis=1))
        done += len(part)
    return found


def _rank(block: ScoreArray, scores: ScoreArray) -> FloatArray:
    """Rank a score in each row of a block: (n_rows, n_texts) and (n_rows,) to (n_rows,)."""
    above = (block > scores[:, None]).sum(axis=1)
    equal = (block == scores[:, None]).sum(axis=1)
    ranks: FloatArray = np.where(np.isfinite(scores), above + (equal + 1) / 2, np.inf)
    return ranks
