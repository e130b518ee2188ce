"""K-means picks the central text of each group."""

import sys
from collections.abc import Sequence

import numpy as np
import pytest

from allabel.document import DocId
from allabel.errors import MissingExtraError
from allabel.select.base import Choice, Pool, Tools
from allabel.select.kmeans import KMeans
from retrieval.dense import Dense

GROUPS = np.repeat([0, 1, 2], [20, 14, 9])


def groups(spread: float = 0.05) -> np.ndarray:
    return np.eye(3, 6)[GROUPS] + np.random.default_rng(0).normal(0, spread, (len(GROUPS), 6))


def select(vectors: np.ndarray, n: int, labelled: Sequence[int] = (), seed: int = 0) -> list[Choice]:
    size = len(vectors)
    pool = Pool(tuple(DocId(str(i)) for i in range(size)), ("x",) * size, frozenset(labelled))
    tools = Tools(lambda texts: Dense.of_vectors(vectors), lambda texts: [])
    return KMeans(tools).select(pool, n, np.random.default_rng(seed))


def test_without_faiss_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(MissingExtraError, match=r"kmeans needs faiss: pip install 'allabel\[dense\]'"):
        select(groups(), 3)


@pytest.mark.parametrize("seed", range(5))
def test_three_texts_come_from_three_obvious_groups(seed: int) -> None:
    pytest.importorskip("faiss")
    assert sorted(GROUPS[c.position] for c in select(groups(), 3, seed=seed)) == [0, 1, 2]


@pytest.mark.parametrize("seed", range(5))
def test_a_group_with_an_annotated_text_waits_for_the_others(seed: int) -> None:
    pytest.importorskip("faiss")
    assert sorted(GROUPS[c.position] for c in select(groups(), 2, labelled=[3], seed=seed)) == [1, 2]


def test_the_text_nearest_to_the_centre_is_taken() -> None:
    pytest.importorskip("faiss")
    vectors = np.array([[1, 0.3, 0], [1, -0.3, 0], [1, 0.01, 0], [1, 0, 0.3], [1, 0, -0.3]])
    (choice,) = select(vectors, 1)
    assert choice.position == 2
    assert -0.05 < choice.score <= 0


def test_copies_leave_no_cluster_empty_handed() -> None:
    pytest.importorskip("faiss")
    found = [c.position for c in select(np.eye(3)[[0] * 9 + [1] + [2]], 11)]
    assert sorted(found) == list(range(11))
    assert {*found[:3]} >= {9, 10}
