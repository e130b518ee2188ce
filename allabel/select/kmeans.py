"""K-means: one text of each cluster, the nearest to its centre; stage D of ALLabel by clustering.

Source: the design card of ALLabel (arXiv 2509.07512), "diversity clustering"; clusters by faiss.
"""

import numpy as np

from allabel.select.base import Choice, Pool, Tools
from allabel.select.clusters import clustered, gaps


class KMeans:
    """Clusters the texts' vectors and picks, of each cluster without a chosen or annotated text, the central one.

    Reading: the number of clusters is 1, 2, 3, 4, 6, 9, …, half as many more each time, rather than `n`, so that a
    smaller `n` gives a prefix. Of each level the largest clusters without a chosen text go first, and when it is done
    each of its clusters holds one.
    """

    name = "kmeans"
    needs_annotations = False

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> list[Choice]:
        """Return the first `n` candidates; score: minus the distance to the centre. Raises MissingExtraError."""
        n = min(n, len(pool.candidates))
        if n <= 0:
            return []
        points = clustered(pool)
        vectors = self._tools.similarity(pool.texts).vectors()[points]
        taken = np.isin(points, sorted(pool.labelled))
        choices: list[Choice] = []
        for gap in gaps(vectors, taken, rng, len(points), self.name):
            members = vectors[gap.members]
            distances = np.sqrt(((members - members.mean(axis=0)) ** 2).sum(axis=1))
            best = int(np.argmin(np.where(taken[gap.members], np.inf, distances)))
            row = int(gap.members[best])
            taken[row] = True
            reason = (
                f"the nearest to the centre of a cluster of {len(members)} alike texts, one of {gap.n_clusters} "
                f"clusters: distance {distances[best]:.2f}, the median of the cluster {np.median(distances):.2f}"
            )
            choices.append(Choice(int(points[row]), -float(distances[best]), reason))
            if len(choices) == n:
                break
        return choices
