"""Points of many dimensions as a picture: a plane where neighbours stay together.

Starts from the ranks along the two main axes (PCA) and moves points along the graph of their nearest neighbours, pushed
apart by points drawn at random. Source: the idea of UMAP (McInnes et al. 2018), with its force curves at a = b = 1.
"""

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.stats import rankdata

from retrieval.base import IntArray, ScoreArray

Points = npt.NDArray[np.float32]
NEIGHBOURS, EPOCHS, REPELLED_BY = 12, 150, 4
MOST_STEP = 4.0
BLOCK_BYTES = 64 * 1024**2


def plane(vectors: ScoreArray, rng: np.random.Generator) -> Points:
    """Place texts in the plane: (n_texts, n_dimensions) to (n_texts, 2), each axis in [0, 1].

    vectors: rows of length 1 or 0. The same vectors and generator give the same picture.
    """
    n = len(vectors)
    if n < 3:
        return np.linspace(0, 1, max(1, 2 * n), dtype=np.float32).reshape(-1, 2)[:n]
    here = _spread(main_axes(vectors))
    neighbours = nearest(vectors, min(NEIGHBOURS, n - 1))
    here = _settle(here, neighbours, rng)
    return _framed(here)


def main_axes(vectors: ScoreArray) -> Points:
    """Project on the two axes of greatest variance, each scaled to standard deviation 1 (or 0): (n, 2)."""
    centred = vectors - vectors.mean(axis=0)
    _, axes = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    best = axes[:, ::-1][:, :2]
    # An axis has no direction of its own: fix it, so that every machine draws the same picture.
    best = best * np.sign(best[np.abs(best).argmax(axis=0), np.arange(best.shape[1])])
    found = np.zeros((len(vectors), 2), dtype=np.float32)
    found[:, : best.shape[1]] = centred @ best
    spread = found.std(axis=0)
    scaled: Points = (found / np.where(spread > 0, spread, 1)).astype(np.float32)
    return scaled


def _spread(here: Points) -> Points:
    """Turn each axis into ranks, equal values sharing the mean of theirs: (n, 2), standard deviation about 1.

    The axes of greatest variance often tell a few odd texts from all others. Far off at the start, and tied to the
    rest by no neighbour, they would stay there and squeeze everything else into a corner of the picture.
    """
    ranks: Points = (rankdata(here, axis=0) / len(here) - 0.5).astype(np.float32)
    centred: Points = (ranks - ranks.mean(axis=0)) * np.float32(12**0.5)
    return centred


def nearest(vectors: ScoreArray, k: int) -> IntArray:
    """Return each row's k nearest other rows by inner product, in no order: (n, k)."""
    n = len(vectors)
    found = np.empty((n, k), dtype=np.int64)
    step = max(1, BLOCK_BYTES // (4 * n))
    for start in range(0, n, step):
        scores = vectors[start : start + step] @ vectors.T
        scores[np.arange(len(scores)), np.arange(start, start + len(scores))] = -np.inf
        found[start : start + step] = np.argpartition(scores, n - k, axis=1)[:, n - k :]
    return found


def _settle(here: Points, neighbours: IntArray, rng: np.random.Generator) -> Points:
    n, k = neighbours.shape
    ones = np.ones(n * k, dtype=np.float32)
    graph = sparse.csr_array((ones, (np.repeat(np.arange(n), k), neighbours.ravel())), shape=(n, n))
    edges = graph.maximum(graph.T).tocoo()
    head, tail = edges.coords
    here = here * np.float32(10)
    for epoch in range(EPOCHS):
        rate = np.float32(1 - epoch / EPOCHS)
        gap = here[head] - here[tail]
        pull = -gap * (2 / (1 + (gap**2).sum(axis=1)))[:, None]
        force = _summed(head, pull, n) / np.float32(2)
        for _ in range(REPELLED_BY):
            other = rng.integers(n, size=n)
            gap = here - here[other]
            distance = (gap**2).sum(axis=1)
            push = gap * (2 / ((0.01 + distance) * (1 + distance)))[:, None]
            force += np.clip(push, -MOST_STEP, MOST_STEP) * np.float32(k / 2)
        here = here + rate * np.clip(force * np.float32(0.25), -MOST_STEP, MOST_STEP)
    return here


def _summed(rows: npt.NDArray[np.int32], values: Points, n: int) -> Points:
    columns = [np.bincount(rows, weights=values[:, axis], minlength=n) for axis in (0, 1)]
    return np.stack(columns, axis=1).astype(np.float32)


def _framed(here: Points) -> Points:
    # A few far-off points must not squeeze the rest: the outermost half per cent is drawn in to the frame.
    low, high = np.quantile(here, [0.005, 0.995], axis=0)
    margin = (high - low) * 0.03
    low, high = low - margin, high + margin
    framed: Points = np.clip((here - low) / np.where(high > low, high - low, 1), 0, 1).astype(np.float32)
    return framed
