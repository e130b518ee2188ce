"""The nearest neighbours of every text, from blocks of similarities and without sorting them."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from retrieval.base import IntArray, RetrievalError, Similarity, TopK
from retrieval.top_k import top_k

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
    with ThreadPoolExecutor(N_THREADS) as threads:
        for some, block in similarity.blocks(queries):
            block[np.arange(len(some)), some] = -np.inf
            parts = np.array_split(block, N_THREADS) if block.size > SMALL else [block]
            for part_ids, part_scores in threads.map(lambda part: top_k(part, k), parts):
                end = start + len(part_ids)
                ids[start:end], scores[start:end] = part_ids, part_scores
                start = end
    return TopK(ids, scores)
