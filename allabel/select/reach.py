"""How well each text of a pool would serve the others as a demonstration, and the greedy choice by it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
from scipy import sparse

from allabel.select.lazily import lazily
from retrieval.base import FloatArray, IntArray, ScoreArray, Similarity
from retrieval.ranks import ranks

if TYPE_CHECKING:
    Columns = sparse.csc_array[np.float32]
    Rows = npt.NDArray[np.int32]

# Values of this many (query, text) pairs are kept, the best of each query: 8 bytes each. The rest count as 0.
MOST_PAIRS = 8_000_000


# The last one of each similarity: the rounds of a chain, and a budget in tokens, ask for it again.
_last: "WeakKeyDictionary[Similarity, tuple[bytes, Columns]]" = WeakKeyDictionary()


def reach(similarity: Similarity, queries: IntArray) -> "Columns":
    """Return `1 / (1 + rank_j(i))` for each query text j and its best texts i: (n_queries, n_texts).

    A text serves itself with the value 1 where all texts are queries; drawn ones do not, or they alone would be chosen.
    Texts of equal similarity share the mean of their ranks.
    """
    key = queries.tobytes()
    if similarity not in _last or _last[similarity][0] != key:
        _last[similarity] = key, _reach(similarity, queries)
    return _last[similarity][1]


def _reach(similarity: Similarity, queries: IntArray) -> "Columns":
    depth, own = max(16, MOST_PAIRS // max(1, len(queries))), len(queries) == len(similarity)
    ends = np.zeros(len(queries) + 1, dtype=np.int64)
    columns, values, row_of = [], [], 0
    for positions, block in similarity.blocks(queries):
        for position, row in zip(positions.tolist(), block, strict=True):
            rank = ranks(row, np.array([position]))
            if not own:
                rank[position] = np.inf
            near = np.flatnonzero(rank <= depth).astype(np.int32)
            columns.append(near)
            values.append((1 / (1 + rank[near])).astype(np.float32))
            row_of += 1
            ends[row_of] = ends[row_of - 1] + len(near)
    data = np.concatenate([*values, np.zeros(0, np.float32)])
    indices = np.concatenate([*columns, np.zeros(0, np.int32)])
    return sparse.csr_array((data, indices, ends), shape=(len(queries), len(similarity))).tocsc()


@dataclass(frozen=True, slots=True)
class Gained:
    """A greedy pick. gain: in weighted coverage; served: queries it serves best from now on, and how well before."""

    column: int
    gain: float
    served: "Rows"
    before: ScoreArray


def greedy(
    columns: "Columns",
    open_: IntArray,
    taken: Sequence[int],
    costs: FloatArray,
    weights: FloatArray | None = None,
) -> Iterator[Gained]:
    """Yield columns in greedy order of gain per cost in `Σ_j w_j max_{i chosen} value_ji`, ties by position.

    open_: the columns that may be picked. taken: those that count as picked already. costs: (n_open,), positive.
    Source: Nemhauser et al. 1978 (at least 1 - 1/e of the optimum at equal costs).
    """
    start, rows, data = columns.indptr, columns.indices, columns.data
    best = np.zeros(columns.shape[0], dtype=np.float32)
    cost_of: dict[int, float] = dict(zip(open_.tolist(), costs.tolist(), strict=True))

    def part(column: int) -> "tuple[Rows, ScoreArray]":
        at = slice(start[column], start[column + 1])
        more: ScoreArray = data[at] - best[rows[at]]
        return rows[at], more

    def gain_per_cost(column: int) -> float:
        queries, more = part(column)
        gains = np.maximum(more, 0)
        return float(gains.sum() if weights is None else gains @ weights[queries]) / cost_of[column]

    for column in taken:
        queries, more = part(column)
        best[queries] += np.maximum(more, 0)
    for column, gain in lazily(open_.tolist(), gain_per_cost):
        queries, more = part(column)
        served = queries[more > 0]
        before = best[served]
        best[served] += more[more > 0]
        yield Gained(column, gain * cost_of[column], served, before)
