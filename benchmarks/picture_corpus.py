"""The shipped corpus as the pictures need it: pool and test, and what a strategy chooses of it."""

from collections.abc import Sequence
from functools import cache, lru_cache

import numpy as np

from allabel.annotate.base import Demonstration
from allabel.annotate.embedded import EmbeddedAnnotator
from allabel.document import Document
from allabel.select.budget import Budget, count_tokens
from eval.demo.run import corpus
from eval.simulate import demonstrations, score_annotator, simulate
from retrieval.bm25 import Bm25

QUICK_TEXTS = 120


@lru_cache
def documents(part: str, quick: bool) -> tuple[Document, ...]:
    """Return `pool` or `test` of the shipped corpus; quick: every other text of the pool, at most 120."""
    found = corpus(part)
    return tuple(found[::2][:QUICK_TEXTS] if quick and part == "pool" else found)


@cache
def chosen(strategy: str, budget: str, seed: int, quick: bool, share: float = 1.0) -> tuple[Document, ...]:
    """Return the texts of the pool that a strategy chooses, in order, gold playing the expert.

    share: below 1 such a part of the pool is drawn by the seed, and choice and budget are of that part.
    """
    pool = documents("pool", quick)
    if share < 1:
        drawn = np.random.default_rng([seed, 1]).permutation(len(pool))[: round(share * len(pool))]
        pool = tuple(pool[i] for i in np.sort(drawn))
    positions = simulate(pool, strategy, Budget.parse(budget), seed, annotator=EmbeddedAnnotator(), similarity=Bm25)
    return tuple(pool[i] for i in positions)


@cache
def f1_of(strategy: str, budget: str, seed: int, quick: bool) -> float:
    """Return strict micro F1 on the test texts of the annotator on board, taught by what a strategy chose."""
    return score_annotator(
        EmbeddedAnnotator(), chosen(strategy, budget, seed, quick), documents("test", quick)
    ).micro.f1


def taught(budget: str, quick: bool) -> list[Demonstration]:
    """Return the demonstrations that `adaptive` chooses for a budget."""
    return demonstrations(chosen("adaptive", budget, 0, quick))


def n_tokens(texts: Sequence[Document]) -> int:
    """Count the tokens that an expert reads."""
    return sum(count_tokens(one.text) for one in texts)


def shortened(text: str, most: int) -> str:
    """Return the text in at most so many characters, cut at a word."""
    return text if len(text) <= most else text[:most].rsplit(" ", 1)[0] + " …"
