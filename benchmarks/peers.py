"""What selection.py compares with: other packages, methods written down literally, brute force."""

import warnings
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from scipy import sparse

from retrieval.base import FloatArray, IntArray, ScoreArray
from retrieval.tokenize import terms

# Su et al.'s own code, on this kind of machine, 300 of 10,000 texts (METHODS.md): it is not on PyPI to be run here.
FAST_VOTE_K_QUOTED_S = 636.0
SCIPY_BLOCK = 500


def rank_bm25_neighbours(texts: Sequence[str], queries: Sequence[int], k: int) -> ScoreArray:
    """Return the k best other texts' scores by package rank_bm25, query by query: (n_queries, k)."""
    from rank_bm25 import BM25Okapi

    corpus = [terms(text) for text in texts]
    index = BM25Okapi(corpus)
    found = np.empty((len(queries), k), dtype=np.float32)
    for row, query in enumerate(queries):
        scores = index.get_scores(corpus[query])
        scores[query] = -np.inf
        found[row] = scores[np.argsort(scores)[::-1][:k]]
    return found


def scipy_rank_sums(texts: Sequence[str], k: int) -> tuple[IntArray, FloatArray]:
    """Return each text's k best others and each text's sum of ranks, by sorting every row of sparse products."""
    counts, weights = _bm25(texts)
    by_term, n = weights.T.tocsr(), len(texts)
    best, sums, steps = np.empty((n, k), dtype=np.int64), np.zeros(n), np.arange(1.0, n + 1)
    for start in range(0, n, SCIPY_BLOCK):
        block = (counts[start : start + SCIPY_BLOCK] @ by_term).toarray()
        rows = np.arange(len(block))
        block[rows, start + rows] = -np.inf
        order = np.argsort(-block, axis=1)
        best[start : start + SCIPY_BLOCK] = order[:, :k]
        for ranked in order[:, :-1]:
            sums[ranked] += steps[:-1]
    return best, sums


def _bm25(texts: Sequence[str]) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    from sklearn.feature_extraction.text import CountVectorizer

    counts = CountVectorizer(analyzer=terms, dtype=np.float32).fit_transform(texts)
    n, k1, b, epsilon = len(texts), 1.5, 0.75, 0.25
    frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    idf = np.log(n - frequency + 0.5) - np.log(frequency + 0.5)
    idf[idf < 0] = epsilon * idf.mean()
    lengths = np.asarray(counts.sum(axis=1)).ravel()
    weights, row = counts.copy(), np.repeat(np.arange(n), np.diff(counts.indptr))
    norm = k1 * (1 - b + b * lengths / lengths.mean())
    weights.data = (idf[counts.indices] * counts.data * (k1 + 1) / (counts.data + norm[row])).astype(np.float32)
    return counts, weights


def fast_vote_k(vectors: ScoreArray, n_picks: int, k: int) -> list[int]:
    """Write down Su et al.'s rule literally: a cosine a pair, a list of voters a text, a sum over them a pick."""
    from sklearn.metrics.pairwise import cosine_similarity

    voters: dict[int, list[int]] = defaultdict(list)
    for i in range(len(vectors)):
        nearest = np.argsort(cosine_similarity(vectors, vectors[i : i + 1]).ravel())[-k - 1 :].tolist()
        for j in [j for j in nearest if j != i][-k:]:
            voters[j].append(i)
    by_votes = sorted(voters, key=lambda j: -len(voters[j]))
    chosen: list[int] = []
    n_served: dict[int, int] = defaultdict(int)
    while len(chosen) < n_picks:
        scores = {j: sum(10.0 ** -n_served[i] for i in voters[j] if i not in chosen) for j in by_votes}
        pick = max((j for j in by_votes if j not in chosen), key=lambda j: scores[j])
        chosen.append(pick)
        for i in voters[pick]:
            n_served[i] += 1
    return chosen


def small_text_core_set(vectors: ScoreArray, open_: IntArray, labelled: IntArray, n_picks: int) -> IntArray:
    """Return what small-text picks: positions among `open_`, which it also reads as positions among all vectors."""
    from small_text.query_strategies.coresets import greedy_coreset

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # rounding takes a cosine over 1
        return np.asarray(greedy_coreset(vectors, open_, labelled, n_picks, distance_metric="cosine", normalized=True))


def farthest_first_excess(vectors: ScoreArray, labelled: Sequence[int], picks: Sequence[int]) -> float:
    """Return by how much the worst pick was nearer to those before than the farthest text was: 0 is farthest first."""
    exact = vectors.astype(np.float64)
    nearest = np.asarray((exact @ exact[list(labelled)].T).max(axis=1))
    nearest[list(labelled)] = np.inf
    worst = 0.0
    for pick in picks:
        worst = max(worst, float(nearest[pick] - nearest.min()))
        nearest = np.maximum(nearest, exact @ exact[pick])
        nearest[pick] = np.inf
    return worst


def apricot_facility_location(vectors: ScoreArray, n_picks: int) -> IntArray:
    """Return the picks of apricot's lazy greedy on the matrix of cosines, those below 0 as 0."""
    from apricot import FacilityLocationSelection

    similarities = np.maximum(vectors @ vectors.T, 0)
    model = FacilityLocationSelection(n_picks, metric="precomputed", optimizer="lazy").fit(similarities)
    return np.asarray(model.ranking, dtype=np.int64)
