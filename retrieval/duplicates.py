"""Near-duplicates: texts with nearly the same words in nearly the same order, found without comparing all pairs.

Two texts are near-duplicates where the Jaccard similarity of their sets of terms and of pairs of neighbouring terms
reaches a threshold. The pairs make word order count, and one exchanged word joins two sentences only where they are
long (14 terms at 0.8). The join is exact, by prefix filtering: of the rarest terms of two such texts at least one is
the same. Source: Chaudhuri, Ganti & Kaushik 2006; Bayardo, Ma & Srikant 2007 (all-pairs similarity search).
"""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from retrieval.base import IntArray, RetrievalError
from retrieval.tokenize import terms

if TYPE_CHECKING:
    Sets = sparse.csr_array[np.int32]

THRESHOLD = 0.8
# Pairs that are looked at together: about 100 MB.
_PAIRS = 1 << 21
_ROUNDING = 1e-9


def first_alike(texts: Sequence[str], threshold: float = THRESHOLD) -> IntArray:
    """Return for each text the position of the first text of its group: (n_texts,), its own where it stands alone.

    Groups are transitive: two texts of one may be less alike than the threshold where others lie between them. A text
    without a term stands alone. Raises RetrievalError for a threshold outside (0, 1].
    """
    if not 0 < threshold <= 1:
        raise RetrievalError(f"the threshold {threshold} of near-duplicates lies outside (0, 1]")
    sets = _sets(texts)
    first = _equal(sets)
    rows = np.flatnonzero((first == np.arange(len(texts))) & (np.diff(sets.indptr) > 0))
    distinct = sets[rows]
    group = np.arange(len(rows))
    for left, right in _candidates(distinct, threshold):
        # What is joined already needs no proof: a large family is proved once, not pair by pair.
        open_ = group[left] != group[right]
        group = _joined(group, *_proved(distinct, left[open_], right[open_], threshold))
    if len(rows):
        alone = first.copy()
        alone[rows] = rows[group]
        first = alone[first]
    return first


def _sets(texts: Sequence[str]) -> "Sets":
    """Give each text's set of terms and neighbouring pairs: (n_texts, n_features), columns from rare to frequent."""
    ids: dict[str, int] = {}
    flat: list[int] = []
    ends = [0]
    for text in texts:
        flat += [ids.setdefault(term, len(ids)) for term in terms(text)]
        ends.append(len(flat))
    single, end = np.array(flat, dtype=np.int64), np.array(ends)
    del flat
    row = np.repeat(np.arange(len(texts), dtype=np.int32), np.diff(end))
    inside = row[1:] == row[:-1]
    pairs = (single[:-1] * len(ids) + single[1:])[inside]
    known, pair = np.unique(pairs, return_inverse=True)
    rows = np.concatenate([row, row[1:][inside]])
    columns = np.concatenate([single.astype(np.int32), (pair + len(ids)).astype(np.int32)])
    del single, pairs, pair, row, inside
    shape = (len(texts), max(1, len(ids) + len(known)))
    sets = sparse.csr_array((np.ones(len(rows), dtype=np.int32), (rows, columns)), shape=shape)
    sets.data[:] = 1
    by_frequency = np.argsort(np.bincount(sets.indices, minlength=shape[1]), kind="stable")
    rank = np.empty(shape[1], dtype=np.int32)
    rank[by_frequency] = np.arange(shape[1], dtype=np.int32)
    sets = sparse.csr_array((sets.data, rank[sets.indices], sets.indptr), shape=shape)
    sets.sort_indices()
    return sets


def _equal(sets: "Sets") -> IntArray:
    """Return the first row with the very same set: (n_rows,); the empty set equals nothing."""
    seen: dict[bytes, int] = {}
    found = np.arange(sets.shape[0])
    ends = sets.indptr.tolist()
    for i in range(sets.shape[0]):
        if ends[i] < ends[i + 1]:
            found[i] = seen.setdefault(sets.indices[ends[i] : ends[i + 1]].tobytes(), i)
    return found


def _candidates(sets: "Sets", threshold: float) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield pairs of rows, left before right, among them all that can reach the threshold; a bounded number at once."""
    sizes = np.diff(sets.indptr)
    # |x ∩ y| ≥ t·max(|x|, |y|), so that all but the last t·|x| - 1 features of x hold one that y has too.
    prefix = sizes - np.ceil(threshold * sizes - _ROUNDING).astype(sizes.dtype) + 1
    place = np.arange(sets.nnz, dtype=np.int32) - np.repeat(sets.indptr[:-1], sizes).astype(np.int32)
    frequency = np.bincount(sets.indices, minlength=sets.shape[1])
    kept = (place < np.repeat(prefix, sizes)) & (frequency[sets.indices] > 1)
    ends = np.concatenate([[0], np.cumsum(kept)])[sets.indptr]
    rare = sparse.csr_array((sets.data[kept], sets.indices[kept], ends), shape=sets.shape)
    by_feature = rare.T.tocsr()
    met = np.diff(by_feature.indptr)[rare.indices]
    work = np.concatenate([[0], np.cumsum(met)])[rare.indptr]
    start = 0
    while start < len(sizes):
        stop = max(start + 1, int(np.searchsorted(work, work[start] + _PAIRS, side="right")) - 1)
        found = (rare[start:stop] @ by_feature).tocoo()
        left, right = found.row.astype(np.int64) + start, found.col.astype(np.int64)
        shorter, longer = np.minimum(sizes[left], sizes[right]), np.maximum(sizes[left], sizes[right])
        kept = (left < right) & (shorter >= threshold * longer - _ROUNDING)
        yield left[kept], right[kept]
        start = stop


def _proved(sets: "Sets", left: IntArray, right: IntArray, threshold: float) -> tuple[IntArray, IntArray]:
    """Keep the pairs of rows whose Jaccard similarity reaches the threshold."""
    sizes = np.diff(sets.indptr)
    reached = np.zeros(len(left), dtype=bool)
    step = max(1, _PAIRS // max(1, math.ceil(sizes.mean()))) if len(sizes) else 1
    for start in range(0, len(left), step):
        i, j = left[start : start + step], right[start : start + step]
        shared: IntArray = np.asarray(sets[i].multiply(sets[j]).sum(axis=1)).ravel()
        reached[start : start + step] = shared >= threshold * (sizes[i] + sizes[j] - shared) - _ROUNDING
    return left[reached], right[reached]


def _joined(group: IntArray, left: IntArray, right: IntArray) -> IntArray:
    """Join the groups of each pair; a group is named by its first row."""
    if not len(left):
        return group
    n = len(group)
    edges = sparse.csr_array((np.ones(len(left), dtype=np.int8), (group[left], group[right])), shape=(n, n))
    _, component = connected_components(edges, directed=False)
    _, first = np.unique(component, return_index=True)
    return np.asarray(first[component][group], dtype=np.int64)
