"""K-means: one text of each cluster, the nearest to its centre; stage D of ALLabel by clustering.

Source: the design card of ALLabel (arXiv 2509.07512), "diversity clustering"; clusters by faiss.
"""

import numpy as np

from allabel.select.clusters import ByCluster, Gap
from retrieval.base import FloatArray, ScoreArray


class KMeans(ByCluster):
    """Clusters the texts' vectors and picks, of each cluster without a chosen or annotated text, the central one.

    Reading: the number of clusters is 1, 2, 3, 4, 6, 9, …, half as many more each time, rather than `n`, so that a
    smaller `n` gives a prefix. Of each level the largest clusters without a chosen text go first, and when it is done
    each of its clusters holds one.
    """

    name = "kmeans"

    def _scores(self, members: ScoreArray) -> FloatArray:
        """Return minus the distances to the centre."""
        return np.asarray(-np.sqrt(((members - members.mean(axis=0)) ** 2).sum(axis=1)))

    def _reason(self, scores: FloatArray, best: int, gap: Gap) -> str:
        return (
            f"the nearest to the centre of a cluster of {len(scores)} alike texts, one of {gap.n_clusters} "
            f"clusters: distance {-scores[best]:.2f}, the median of the cluster {np.median(-scores):.2f}"
        )
