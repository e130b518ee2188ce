"""Latent vectors of BM25 weights: exact where there are few terms, near in meaning where there are many."""

from collections.abc import Callable

import numpy as np
import pytest

from allabel.document import Document
from retrieval.bm25 import Bm25
from retrieval.latent import DIMENSIONS


def lengths(vectors: np.ndarray) -> np.ndarray:
    return np.linalg.norm(vectors, axis=1)


def test_few_texts_keep_the_cosines_of_their_weights(bc5cdr: Callable[[str, int], list[Document]]) -> None:
    index = Bm25([document.text for document in bc5cdr("train", 90)])
    weights = index._weights.toarray()
    unit = weights / lengths(weights)[:, None]
    vectors = index.vectors()
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors @ vectors.T, unit @ unit.T, atol=1e-4)


def test_many_texts_get_few_dimensions_that_follow_the_cosines_nearly_as_well_as_the_best_ones(
    bc5cdr: Callable[[str, int], list[Document]],
) -> None:
    index = Bm25([document.text for document in bc5cdr("train", 600)])
    vectors = index.vectors()
    assert vectors.shape == (600, DIMENSIONS)
    np.testing.assert_allclose(lengths(vectors), 1, atol=1e-5)
    weights = index._weights.toarray()
    unit = weights / lengths(weights)[:, None]
    _, _, directions = np.linalg.svd(unit, full_matrices=False)
    exact = unit @ directions[:DIMENSIONS].T
    exact /= lengths(exact)[:, None]
    errors = [np.sqrt(((points @ points.T - unit @ unit.T) ** 2).mean()) for points in (vectors, exact)]
    assert errors[0] < 1.1 * errors[1]


@pytest.mark.parametrize(
    "texts", [["NaCl in water"], ["..."], ["NaCl"] * 7, ["", "NaCl", "KCl in DMF", "NaCl"], ["a", "b", "c"]]
)
def test_tiny_pools_have_vectors_of_length_1_or_0_and_copies_the_same_one(texts: list[str]) -> None:
    vectors = Bm25(texts).vectors()
    assert len(vectors) == len(texts)
    assert np.isfinite(vectors).all()
    assert all(abs(length) < 1e-6 or abs(length - 1) < 1e-5 for length in lengths(vectors))
    for i, text in enumerate(texts):
        assert np.array_equal(vectors[i], vectors[texts.index(text)])
        assert text.strip(".") or not vectors[i].any()


def test_the_same_texts_have_the_same_vectors(bc5cdr: Callable[[str, int], list[Document]]) -> None:
    texts = [document.text for document in bc5cdr("train", 300)]
    assert np.array_equal(Bm25(texts).vectors(), Bm25(texts).vectors())
