"""Ranks by histogram against ranks by sorting."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import rankdata, spearmanr

from allabel.document import Document
from retrieval.bm25 import Bm25
from retrieval.ranks import levels, rank_sums, ranks

LEVELS = levels(60)
NONE = np.array([], dtype=np.int64)


@given(arrays(np.int32, st.integers(1, 60), elements=st.integers(0, LEVELS - 1)), st.data())
def test_scores_that_the_resolution_tells_apart_get_the_ranks_of_a_sort(whole: np.ndarray, data: st.DataObject) -> None:
    row = whole.astype(np.float32)
    row[0] = LEVELS - 1
    left_out = data.draw(st.sets(st.integers(1, len(row) - 1))) if len(row) > 1 else set()
    ranked = [i for i in range(len(row)) if i not in left_out]
    found = ranks(row.copy(), np.array(sorted(left_out), dtype=np.int64))
    np.testing.assert_array_equal(found[ranked], rankdata(-row[ranked]))
    assert not found[sorted(left_out)].any()


def test_negative_scores_and_a_row_of_zeros_tie() -> None:
    assert ranks(np.array([-1, 2, 0, -3], np.float32), NONE).tolist() == [3, 1, 3, 3]
    assert ranks(np.zeros(4, np.float32), NONE).tolist() == [2.5] * 4
    assert ranks(np.array([7], np.float32), np.array([0])).tolist() == [0]


def test_the_own_score_does_not_blur_the_others() -> None:
    row = np.array([1e6, 3, 2, 1], np.float32)
    assert ranks(row, np.array([0])).tolist() == [0, 1, 2, 3]


def test_rank_sums_of_real_sentences_agree_with_sorting(bc5cdr) -> None:
    documents: list[Document] = bc5cdr("train", 1500)
    index = Bm25([document.text for document in documents])
    exact = np.zeros(1500)
    for queries, block in index.blocks():
        for query, row in zip(queries, block, strict=True):
            row[query] = np.inf
            exact += rankdata(-row) - 1
    found = rank_sums(index.blocks(), 1500, NONE)
    assert spearmanr(found, exact).statistic > 0.9999
    assert np.abs(found - exact).max() / 1500 < 10


@pytest.mark.parametrize("left_out", [NONE, np.array([2])])
def test_a_query_ranks_all_but_itself_and_what_is_left_out(left_out: np.ndarray) -> None:
    block = np.array([[9, 3, 2, 1], [1, 9, 3, 2]], np.float32)
    sums = rank_sums(iter([(np.array([0, 1]), block)]), 4, left_out)
    assert sums.tolist() == ([3, 1, 3, 5] if not len(left_out) else [2, 1, 0, 3])
