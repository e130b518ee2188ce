"""The nearest neighbours of every text, from blocks of similarities and without sorting them."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from retrieval.base import FloatArray, IntArray, RetrievalError, ScoreArray, Similarity, TopK

N_THREADS = min(8, os.cpu_count() or 1)
SMALL = 1_000_000  # scores that are sorted sooner than threads are told of them


def neighbours(similarity: Similarity, k: int, queries: IntArray | None = None) -> TopK:
    """Return the `min(k, len(similarity) - 1)` texts most similar to each query text, itself left out.

    queries: positions, all by default. ids, scores: (n_queries, k), best first, ties by position.
    Raises RetrievalError for a negative k.
    """
    if k < 0:
        raise RetrievalError(f"{k} neighbours of each text are asked for: at least 0 is needed")
    n_queries = len(similarity) if queries is None else len(queries)
    k = min(k, len(similarity) - 1)
    ids, scores = np.empty((n_queries, k), dtype=np.int64), np.empty((n_queries, k))
    if k <= 0 or not n_queries:
        return TopK(ids, scores)
    start = 0
    threads = ThreadPoolExecutor(N_THREADS)
    for some, block in similarity.blocks(queries):
        block[np.arange(len(some)), some] = -np.inf
        halves = np.array_split(block, N_THREADS) if block.size > SMALL else [block]
        for part_ids, part_scores in threads.map(lambda part: best(part, k), halves):
            end = start + len(part_ids)
            ids[start:end], scores[start:end] = part_ids, part_scores
            start = end
    return TopK(ids, scores)


def best(block: ScoreArray, k: int) -> tuple[IntArray, FloatArray]:
    """Return positions and values of each row's k largest scores, descending, ties by position: (n_rows, k) twice.

    block: (n_rows, n), 0 < k <= n. Linear in its size: the k-th largest of the maxima of some groups of columns bounds
    the k-th largest score from below, and the few scores above it are sorted.
    """
    n_rows, n = block.shape
    size = max(1, n // (4 * k))  # of a group; its columns lie n_groups apart, so that maxima run along the memory
    n_groups = n // size
    maxima = block[:, : size * n_groups].reshape(n_rows, size, n_groups).max(axis=1)
    bound = np.partition(maxima, n_groups - k, axis=1)[:, n_groups - k, None]
    rows, columns = np.divmod(np.flatnonzero(block > bound), n)
    short = np.flatnonzero(np.bincount(rows, minlength=n_rows) < k)
    if len(short):
        # What is missing in these rows equals the bound; of many equal ones (texts that share no word) the first count.
        ties = [np.flatnonzero(block[row] == bound[row])[:k] for row in short]
        rows = np.concatenate([rows, np.repeat(short, [len(tied) for tied in ties])])
        columns = np.concatenate([columns, *ties])
    values = block[rows, columns].astype(np.float64)
    order = np.lexsort((columns, -values, rows))
    counts = np.bincount(rows, minlength=n_rows)
    firsts = np.cumsum(counts) - counts
    top = order[firsts[:, None] + np.arange(k)]
    return columns[top], values[top]
