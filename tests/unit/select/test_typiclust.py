"""TypiClust picks the typical text of each group."""

import sys
from collections.abc import Sequence

import numpy as np
import pytest

from allabel.document import DocId
from allabel.errors import MissingExtraError
from allabel.select import typiclust
from allabel.select.base import Choice, Pool, Tools
from allabel.select.typiclust import TypiClust, typicality
from retrieval.dense import Dense

GROUPS = np.repeat([0, 1, 2], [30, 24, 18])


def groups() -> np.ndarray:
    return np.eye(3, 6)[GROUPS] + np.random.default_rng(0).normal(0, 0.05, (len(GROUPS), 6))


def select(vectors: np.ndarray, n: int, labelled: Sequence[int] = (), seed: int = 0) -> list[Choice]:
    size = len(vectors)
    pool = Pool(tuple(DocId(str(i)) for i in range(size)), ("x",) * size, frozenset(labelled))
    tools = Tools(lambda texts: Dense.of_vectors(vectors), lambda texts: [])
    return TypiClust(tools).select(pool, n, np.random.default_rng(seed))


def test_without_faiss_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(MissingExtraError, match="typiclust needs faiss"):
        select(groups(), 3)


@pytest.mark.parametrize("seed", range(5))
def test_three_texts_come_from_three_obvious_groups(seed: int) -> None:
    pytest.importorskip("faiss")
    assert sorted(GROUPS[c.position] for c in select(groups(), 3, seed=seed)) == [0, 1, 2]
    assert sorted(GROUPS[c.position] for c in select(groups(), 2, labelled=[40], seed=seed)) == [0, 2]


def test_the_text_with_the_closest_neighbours_is_the_typical_one() -> None:
    pytest.importorskip("faiss")
    angles = np.array([0, 0.4, 0.45, 0.5, 0.55, 0.6, 1.2])
    (choice,) = select(np.c_[np.cos(angles), np.sin(angles)], 1)
    assert choice.position == 3


@pytest.mark.parametrize("most", [7, 1000])
def test_typicality_is_one_over_the_mean_distance_to_twenty_neighbours(
    monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    vectors = np.random.default_rng(0).standard_normal((50, 6)).astype(np.float32)
    monkeypatch.setattr(typiclust, "MOST_COMPARED", most)
    compared = range(0, 50, -(-50 // most))
    k = min(20, len(compared) - 1)
    distances = np.linalg.norm(vectors[:, None] - vectors[None], axis=2)
    expected = [1 / np.sort([distances[i, j] for j in compared if j != i])[:k].mean() for i in range(50)]
    assert typicality(vectors) == pytest.approx(expected, rel=1e-4)


def test_a_text_alone_and_texts_without_words_are_typical_of_nothing() -> None:
    assert typicality(np.ones((1, 3), dtype=np.float32)).tolist() == [0]
    assert typicality(np.zeros((4, 3), dtype=np.float32)).tolist() == [0, 0, 0, 0]
