"""Which demonstrations a text is shown: near to it, and where asked unlike one another, of every label, no copies."""

import math
from collections.abc import Callable, Sequence
from copy import copy

import numpy as np

from allabel.annotate.base import Demonstration
from allabel.annotate.demonstrations import grown
from allabel.annotate.llm.cover_labels import Labels, cover, rare_labels
from retrieval.alike import Features, alike, features
from retrieval.borrowed import Index
from retrieval.mmr import mmr, relative

IndexFactory = Callable[[Sequence[str]], Index]
# What diversity and labels choose from, at least and for each demonstration that is asked for.
N_CANDIDATES, CANDIDATES_PER_SHOT = 32, 4
# A text may hold the labels of candidates that score at least this share of its best one.
NEAR = 0.5


class DemonstrationChooser:
    """Chooses `k` demonstrations a text, best first, never one with the very same text; the same ones every time.

    floor: in [0, 1]; demonstrations that score below this share of the text's best one are left out, so that there
    may be fewer than k. It stands aside where no demonstration scores above 0.
    diversity: in [0, 1]; above 0 the candidates are ranked anew by maximal marginal relevance.
    cover_labels: whether each label that some candidate holds is to be among the k, where that can be; the nearest
    ones are kept that leave room for it.
    cover_rare: whether each rare label (`rare_labels`) that the text may hold is to be among the k, where that can be.
    It may hold a label of a candidate that scores at least `NEAR` of the best one; none where no candidate scores
    above 0. The nearest ones are kept that leave room. With `cover_labels` it changes nothing: that covers more.
    exclude_near_duplicates: whether near-duplicates of the text (Jaccard >= 0.8) are no demonstrations of it either:
    for evaluation, where the text's own gold would be shown.
    With none of these it returns what `Demonstrations.nearest` returns.
    """

    def __init__(
        self,
        demonstrations: Sequence[Demonstration],
        retriever: IndexFactory,
        k: int,
        *,
        floor: float = 0.0,
        diversity: float = 0.0,
        cover_labels: bool = False,
        cover_rare: bool = False,
        exclude_near_duplicates: bool = False,
    ) -> None:
        if k < 0 or not 0 <= floor <= 1 or not 0 <= diversity <= 1:
            raise ValueError(f"k {k} must be at least 0, floor {floor} and diversity {diversity} in [0, 1]")
        self._k, self._retriever = k, retriever
        self._floor, self._diversity = floor, diversity
        self._cover_labels, self._cover_rare, self._covers = cover_labels, cover_rare, cover_labels or cover_rare
        self._exclude_near = exclude_near_duplicates
        self._index: Index | None = None
        self.all: tuple[Demonstration, ...] = ()
        self._set(tuple(demonstrations))

    def _set(self, demonstrations: tuple[Demonstration, ...]) -> None:
        self._index = grown(self._index, [d.text for d in self.all], [d.text for d in demonstrations], self._retriever)
        self.all = demonstrations
        self._labels = [frozenset(span.label for span in d.entities) for d in self.all]
        self._rare = rare_labels(self.all) if self._cover_rare else Labels()
        self._features: dict[int, Features] = {}

    def among(self, demonstrations: Sequence[Demonstration]) -> "DemonstrationChooser":
        """Return a chooser among these, built sooner than anew where they begin with the texts of these ones."""
        made = copy(self)
        made._set(tuple(demonstrations))
        return made

    def of(self, k: int) -> "DemonstrationChooser":
        """Return one that chooses k a text."""
        if k == self._k:
            return self
        made = copy(self)
        made._k = k
        return made

    def choose(self, texts: Sequence[str]) -> list[list[Demonstration]]:
        """Return each text's demonstrations, in order: (n_texts, at most k), best first."""
        if self._index is None or not self._k or not texts:
            return [[] for _ in texts]
        anew = self._diversity > 0 or self._covers
        n = max(N_CANDIDATES, CANDIDATES_PER_SHOT * self._k) if anew else self._k
        return [[self.all[i] for i in self._chosen(*row)] for row in self._candidates(self._index, texts, n)]

    def _candidates(self, index: Index, texts: Sequence[str], n: int) -> list[tuple[list[int], list[float]]]:
        """Return the `n` nearest that may be shown to each text, with their scores; fewer where there are no more."""
        found: list[tuple[list[int], list[float]]] = [([], []) for _ in texts]
        short, asked = list(range(len(texts))), min(n + 1, len(index))
        while short:
            top = index.search([texts[i] for i in short], asked)
            for i, ids, scores in zip(short, top.ids.tolist(), top.scores.tolist(), strict=True):
                shut = self._shut_out(texts[i])
                kept = [(d, score) for d, score in zip(ids, scores, strict=True) if not shut(d)][:n]
                found[i] = [d for d, _ in kept], [score for _, score in kept]
            # Where copies took the places, look further down.
            short = [i for i in short if len(found[i][0]) < n] if asked < len(index) else []
            asked = min(4 * asked, len(index))
        return found

    def _shut_out(self, text: str) -> Callable[[int], bool]:
        own = features(text) if self._exclude_near else frozenset()
        return lambda d: self.all[d].text == text or (self._exclude_near and alike(own, self._features_of(d)))

    def _features_of(self, d: int) -> Features:
        if d not in self._features:
            self._features[d] = features(self.all[d].text)
        return self._features[d]

    def _chosen(self, ids: list[int], scores: list[float]) -> list[int]:
        wanted = self._wanted(ids, scores) if self._covers else {}
        if self._floor and ids and scores[0] > 0:
            ids = [d for d, score in zip(ids, scores, strict=True) if score >= self._floor * scores[0]]
        if self._diversity and len(ids) > 1:
            ids = self._diverse(ids, scores[: len(ids)])
        if self._covers:
            return [ids[i] for i in cover([wanted[d] for d in ids], self._k)]
        return ids[: self._k]

    def _wanted(self, ids: list[int], scores: list[float]) -> dict[int, Labels]:
        """Return which of each candidate's labels are to be covered: all, or the rare ones of those that are near."""
        if self._cover_labels:
            return {d: self._labels[d] for d in ids}
        least = NEAR * scores[0] if ids and scores[0] > 0 else math.inf
        return {d: self._labels[d] & self._rare if s >= least else Labels() for d, s in zip(ids, scores, strict=True)}

    def _diverse(self, ids: list[int], scores: list[float]) -> list[int]:
        assert self._index is not None
        vectors = self._index.vectors()[ids]
        n = len(ids) if self._covers else self._k
        taken, _ = mmr(relative(np.array(scores)), vectors, n, self._diversity)
        return [ids[i] for i in taken.tolist()]
