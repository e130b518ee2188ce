"""Every registered retriever keeps the promises of `retrieval.base.Retriever`."""

import numpy as np
import pytest

from allabel.plugins import load, names
from retrieval.bm25 import Bm25
from retrieval.fusion import Fused

TEXTS = ["NaCl in water", "NaCl in water", "the mixture was heated", "ZnCl2 and NaCl", "water", "—", "heated in DMF"]
QUERIES = ["NaCl in water", "heated", "nothing of this occurs", ""]


@pytest.fixture(params=names("retrievers"))
def retriever(request: pytest.FixtureRequest):
    if request.param not in {"dense", "fused"}:
        return load("retrievers", request.param)
    dense = request.getfixturevalue("minilm")
    return dense if request.param == "dense" else lambda texts: Fused([Bm25(texts), dense(texts)])


def test_scores_fall_and_ties_stand_by_position(retriever) -> None:
    top = retriever(TEXTS).search(QUERIES, 5)
    assert top.ids.shape == top.scores.shape == (len(QUERIES), 5)
    assert np.all(np.diff(top.scores, axis=1) <= 0)
    tied = np.diff(top.scores, axis=1) == 0
    assert np.all(np.diff(top.ids, axis=1)[tied] > 0)


def test_each_text_is_found_once(retriever) -> None:
    for row in retriever(TEXTS).search(QUERIES, len(TEXTS)).ids:
        assert sorted(row) == list(range(len(TEXTS)))


def test_more_than_there_is_gives_all_there_is(retriever) -> None:
    index = retriever(TEXTS)
    assert len(index) == len(TEXTS)
    assert index.search(QUERIES, 100).ids.shape == (len(QUERIES), len(TEXTS))


def test_a_smaller_k_gives_the_first_of_a_larger_one(retriever) -> None:
    index = retriever(TEXTS)
    assert np.array_equal(index.search(QUERIES, 2).ids, index.search(QUERIES, 6).ids[:, :2])


def test_no_query_gives_no_row(retriever) -> None:
    assert retriever(TEXTS).search([], 3).ids.shape == (0, 3)


def test_a_query_alone_ranks_as_it_does_among_others(retriever) -> None:
    index = retriever(TEXTS)
    together = index.search(QUERIES, 4)
    for i, query in enumerate(QUERIES):
        assert np.array_equal(index.search([query], 4).ids[0], together.ids[i])
