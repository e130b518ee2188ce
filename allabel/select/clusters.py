"""Clusters of a pool, finer and finer, and the choice of one text of each that nothing is chosen from yet."""

import heapq
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from allabel.errors import MissingExtraError
from allabel.select.base import Choice, Pool, Tools
from retrieval.base import FloatArray, IntArray, ScoreArray

N_ITERATIONS = 10
# Squared distances below this are rounding: such a point lies on its centre.
ROUNDING = 1e-5


@dataclass(frozen=True, slots=True)
class Gap:
    """A cluster to choose from. members: rows of the vectors, ascending; n_clusters: how many its level has."""

    members: IntArray
    n_clusters: int


class ByCluster(ABC):
    """A stage that picks the text of the highest score in each cluster; what the score is, its children say."""

    name: str
    needs_annotations = False

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> list[Choice]:
        """Return the first `n` candidates. Raises MissingExtraError."""
        n = min(n, len(pool.candidates))
        if n <= 0:
            return []
        points = clustered(pool)
        vectors = self._tools.similarity(pool.texts).vectors()[points]
        taken = np.isin(points, sorted(pool.labelled))
        choices: list[Choice] = []
        for gap in islice(gaps(vectors, taken, rng, self._most_clusters(len(points)), self.name), n):
            scores = self._scores(vectors[gap.members])
            best = int(np.argmax(np.where(taken[gap.members], -np.inf, scores)))
            row = int(gap.members[best])
            taken[row] = True
            choices.append(Choice(int(points[row]), float(scores[best]), self._reason(scores, best, gap)))
        return choices

    def _most_clusters(self, n_points: int) -> int:
        """Return how many clusters there may be."""
        return n_points

    @abstractmethod
    def _scores(self, members: ScoreArray) -> FloatArray:
        """Score a cluster's vectors: (n_members, n_dimensions) to (n_members,)."""

    @abstractmethod
    def _reason(self, scores: FloatArray, best: int, gap: Gap) -> str:
        """Say why the member `best` of the cluster is chosen."""


def clustered(pool: Pool) -> IntArray:
    """Return the positions that take part: the candidates and the labelled texts that are not blank, ascending."""
    labelled = [i for i in pool.labelled if pool.texts[i].strip()]
    return np.sort(np.concatenate([pool.candidates, np.array(labelled, dtype=np.int64)]))


def gaps(
    vectors: ScoreArray, taken: npt.NDArray[np.bool_], rng: np.random.Generator, most: int, name: str
) -> Iterator[Gap]:
    """Yield clusters to choose one more text from, until all is taken; the caller marks it in `taken`, (n_points,).

    There are 1, 2, 3, 4, 6, 9, … clusters, half as many more at each level and at most `most`. At each level those
    without a taken point come, the largest first, and after the last level those with the fewest taken points, the
    largest first. Raises MissingExtraError where faiss is not installed, naming the strategy.
    """
    finest: list[IntArray] = []
    for clusters in _levels(vectors, rng, most, name):
        finest = clusters
        for members in sorted(clusters, key=lambda members: (-len(members), members[0])):
            if not taken[members].any():
                yield Gap(members, len(clusters))
    heap = [(int(taken[m].sum()), -len(m), i) for i, m in enumerate(finest)]
    heapq.heapify(heap)
    while heap:
        n_taken, size, i = heapq.heappop(heap)
        if n_taken < -size:
            yield Gap(finest[i], len(finest))
            heapq.heappush(heap, (n_taken + 1, size, i))


def _levels(vectors: ScoreArray, rng: np.random.Generator, most: int, name: str) -> Iterator[list[IntArray]]:
    """Yield the members of 1, 2, 3, 4, 6, 9, … clusters by k-means, each level begun at the centres before it.

    New centres are drawn by their squared distance to the old ones (k-means++: Arthur & Vassilvitskii 2007).
    """
    faiss = _faiss(name)
    n, n_dimensions = vectors.shape
    centres = vectors.mean(axis=0, keepdims=True)
    distances = ((vectors - centres) ** 2).sum(axis=1)
    yield [np.arange(n)]
    while len(centres) < most:
        chances = np.where(distances > ROUNDING, distances, 0).astype(np.float64)
        size = min(max(1, len(centres) // 2), most - len(centres), int(np.count_nonzero(chances)))
        if not size:
            return
        new = rng.choice(n, size=size, replace=False, p=chances / chances.sum())
        centres = np.concatenate([centres, vectors[new]])
        kmeans = faiss.Kmeans(
            n_dimensions, len(centres), niter=N_ITERATIONS, seed=int(rng.integers(1 << 30)), min_points_per_centroid=1
        )
        kmeans.train(vectors, init_centroids=centres)
        centres = kmeans.centroids
        found, nearest = kmeans.index.search(vectors, 1)
        distances, nearest = found[:, 0], nearest[:, 0]
        order = np.argsort(nearest, kind="stable")
        yield np.split(order, np.flatnonzero(np.diff(nearest[order])) + 1)


def _faiss(name: str) -> Any:
    try:
        import faiss
    except ImportError as error:
        raise MissingExtraError(f"the strategy {name} needs faiss: pip install 'allabel[dense]'") from error
    return faiss
