"""TypiClust: the most typical text of each of the largest clusters that nothing is chosen from yet.

Source: Hacohen, Dekel & Weinshall 2022 (ICML): typicality is one over the mean distance to the 20 nearest neighbours
within the cluster; at most 500 clusters, none so fine that it holds fewer than five texts on average.
"""

import numpy as np

from allabel.select.clusters import ByCluster, Gap
from retrieval.base import FloatArray, ScoreArray

N_NEIGHBOURS = 20
MOST_CLUSTERS, LEAST_MEMBERS = 500, 5
# In a larger cluster the neighbours are looked for among this many of its texts, evenly spaced.
MOST_COMPARED = 1024


class TypiClust(ByCluster):
    """Picks the most typical open text of the largest cluster with the fewest chosen or annotated texts.

    Reading: the paper clusters anew into as many clusters as there are chosen texts; here there are 1, 2, 3, 4, 6, 9, …
    of them, so that a smaller `n` gives a prefix. A text without words is typical of nothing.
    """

    name = "typiclust"

    def _most_clusters(self, n_points: int) -> int:
        return max(1, min(MOST_CLUSTERS, n_points // LEAST_MEMBERS))

    def _scores(self, members: ScoreArray) -> FloatArray:
        """Return the typicality, 0 for a text alone."""
        return typicality(members)

    def _reason(self, scores: FloatArray, best: int, gap: Gap) -> str:
        return (
            f"the most typical that is left of a cluster of {len(scores)} alike texts, one of {gap.n_clusters} "
            f"clusters: typicality {scores[best]:.2f} by its nearest neighbours there, the median "
            f"{np.median(scores):.2f}"
        )


def typicality(vectors: ScoreArray) -> FloatArray:
    """Return one over the mean distance to the nearest neighbours, at most 100: (n, n_dimensions) to (n,).

    0 for a single vector, and for vectors of length 0.
    """
    n = len(vectors)
    compared = np.arange(0, n, -(-n // MOST_COMPARED))
    k = min(N_NEIGHBOURS, len(compared) - 1)
    scores = np.zeros(n)
    if k <= 0:
        return scores
    others = vectors[compared]
    lengths = (vectors**2).sum(axis=1)
    for start in range(0, n, MOST_COMPARED):
        rows = slice(start, start + MOST_COMPARED)
        squares = lengths[rows, None] + lengths[compared] - 2 * (vectors[rows] @ others.T)
        own = np.arange(n)[rows, None] == compared
        squares[own] = np.inf
        distances = np.sqrt(np.maximum(np.partition(squares, k - 1, axis=1)[:, :k], 0))
        scores[rows] = 1 / np.maximum(distances.mean(axis=1), 0.01)
    scores[lengths == 0] = 0
    return scores
