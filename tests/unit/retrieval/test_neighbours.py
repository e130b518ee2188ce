"""Nearest neighbours against a sort of the whole matrix."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allabel.document import Document
from retrieval.base import RetrievalError
from retrieval.bm25 import Bm25
from retrieval.dense import Dense
from retrieval.neighbours import neighbours
from retrieval.top_k import top_k


def sorted_whole(matrix: np.ndarray, k: int) -> list[list[int]]:
    return [
        sorted((j for j in range(len(row)) if j != i), key=lambda j: (-row[j], j))[:k] for i, row in enumerate(matrix)
    ]


@pytest.fixture(scope="module")
def index(bc5cdr: Callable[[str, int], list[Document]]) -> Bm25:
    texts = [document.text for document in bc5cdr("train", 300)]
    return Bm25([*texts, *texts[:40], "", "...", "?"])


@pytest.mark.parametrize("k", [1, 2, 10, 150, 341, 342, 1000])
def test_neighbours_are_those_of_a_sort_of_the_whole_matrix(index: Bm25, k: int) -> None:
    matrix = np.concatenate([block for _, block in index.blocks()])
    found = neighbours(index, k)
    assert found.ids.tolist() == sorted_whole(matrix, k)
    np.testing.assert_array_equal(found.scores, np.take_along_axis(matrix, found.ids, axis=1))


def test_a_text_is_never_its_own_neighbour_and_its_copy_is_the_first() -> None:
    found = neighbours(Bm25(["NaCl in water", "KCl in DMF", "NaCl in water", "benzene", "toluene", "a", "b"]), 3).ids
    assert all(i not in row for i, row in enumerate(found.tolist()))
    assert found[0, 0] == 2
    assert found[2, 0] == 0


def test_some_queries_have_the_neighbours_they_have_among_all(index: Bm25) -> None:
    some = np.array([341, 7, 120])
    assert neighbours(index, 5, some).ids.tolist() == neighbours(index, 5).ids[some].tolist()
    assert neighbours(index, 5, some[:0]).ids.shape == (0, 5)


def test_dense_neighbours_are_the_largest_inner_products() -> None:
    vectors = np.random.default_rng(0).standard_normal((90, 12))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert neighbours(Dense.of_vectors(vectors), 20).ids.tolist() == sorted_whole(unit @ unit.T, 20)


def test_one_text_has_no_neighbour_and_a_negative_number_is_refused() -> None:
    assert neighbours(Bm25(["NaCl"]), 5).ids.shape == (1, 0)
    with pytest.raises(RetrievalError, match="-1"):
        neighbours(Bm25(["NaCl"]), -1)


@given(
    st.lists(st.lists(st.sampled_from([-1.0, 0.0, 0.5, 2.0]), min_size=23, max_size=23), min_size=1, max_size=4),
    st.integers(1, 23),
)
def test_the_best_of_many_ties_come_by_position(rows: list[list[float]], k: int) -> None:
    ids, values = top_k(np.array(rows, dtype=np.float32), k)
    assert top_k(np.array(rows), k)[0].tolist() == ids.tolist()
    assert ids.tolist() == [sorted(range(23), key=lambda i: (-row[i], i))[:k] for row in rows]
    assert values.tolist() == [sorted(row, reverse=True)[:k] for row in rows]
