"""IDEAL: influence over the graph of neighbours."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pytest

from allabel.document import DocId
from allabel.select.base import Choice, Pool, Tools
from allabel.select.ideal import Ideal
from retrieval.dense import Dense


class Matrix:
    """A similarity that is given: row i are the similarities of text i as the query."""

    def __init__(self, scores: np.ndarray) -> None:
        self._scores = scores.astype(np.float32)

    def __len__(self) -> int:
        return len(self._scores)

    def blocks(self, queries: np.ndarray | None = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        queries = np.arange(len(self)) if queries is None else queries
        yield queries, self._scores[queries].copy()


def select(similarity: object, n: int, labelled: Sequence[int] = (), k: int = 10, seed: int = 0) -> list[Choice]:
    size = len(similarity)  # type: ignore[arg-type]
    pool = Pool(tuple(DocId(str(i)) for i in range(size)), ("x",) * size, frozenset(labelled))
    return Ideal(Tools(lambda texts: similarity, lambda texts: []), k=k).select(pool, n, np.random.default_rng(seed))


def star(n_leaves: int) -> np.ndarray:
    """The last text reaches the others; they reach nothing."""
    scores = np.zeros((n_leaves + 1, n_leaves + 1))
    scores[-1, :-1] = 1
    return scores


def test_a_hub_is_picked_before_a_leaf() -> None:
    first, second = select(Matrix(star(6)), 2)
    assert first.position == 6
    assert first.score > second.score
    assert second.score <= 1


def test_influence_runs_on_along_a_chain_and_is_counted_exactly_where_edges_are_certain() -> None:
    chain = np.eye(6, k=1)
    first, second = select(Matrix(chain), 2, k=1)
    assert (first.position, first.score) == (0, 6)
    assert second.score == 0


def test_what_an_annotated_text_reaches_gains_nothing_more() -> None:
    two_chains = np.eye(7, k=1)
    two_chains[3, 4] = 0
    assert [c.position for c in select(Matrix(two_chains), 2, k=1)] == [0, 4]
    assert select(Matrix(two_chains), 1, labelled=[0], k=1)[0].position == 4


def test_gains_never_rise_and_sum_to_no_more_than_all_texts() -> None:
    index = Dense.of_vectors(np.random.default_rng(0).standard_normal((120, 8)))
    gains = [choice.score for choice in select(index, 120)]
    assert all(a >= b for a, b in pairwise(gains))
    assert sum(gains) == pytest.approx(120)


def test_the_generator_decides_the_cascades() -> None:
    index = Dense.of_vectors(np.random.default_rng(0).standard_normal((120, 8)))
    assert select(index, 20, seed=1) == select(index, 20, seed=1)
    assert select(index, 20, seed=1) != select(index, 20, seed=2)
