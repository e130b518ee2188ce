import numpy as np
import pytest

from retrieval.base import RetrievalError, TopK
from retrieval.bm25 import Bm25
from retrieval.dense import Dense
from retrieval.fusion import Fused

TEXTS = ["NaCl in water", "water", "heated in DMF", "zinc", "water and NaCl"]


class Fixed:
    """An index that scores its texts as it was told, whatever the query."""

    def __init__(self, *scores: float) -> None:
        self.scores = np.array(scores)

    def __len__(self) -> int:
        return len(self.scores)

    def search(self, queries, k):
        order = np.argsort(-self.scores, kind="stable")[:k]
        tile = np.tile(order, (len(queries), 1))
        return TopK(tile, self.scores[tile])


def test_scores_are_sums_of_reciprocal_ranks() -> None:
    top = Fused([Fixed(9, 5, 1), Fixed(1, 5, 2)]).search(["q"], 3)
    assert top.ids.tolist() == [[1, 0, 2]]
    assert top.scores[0] == pytest.approx([1 / 62 + 1 / 61, 1 / 61 + 1 / 63, 1 / 63 + 1 / 62])


def test_a_text_that_all_rank_high_beats_one_that_a_single_retriever_loves() -> None:
    assert Fused([Fixed(9, 8, 0, 1), Fixed(0, 8, 9, 1)]).search(["q"], 1).ids[0, 0] == 1


def test_equal_scores_share_their_rank() -> None:
    top = Fused([Fixed(5, 0, 0, 0)]).search(["q"], 4)
    assert top.scores[0] == pytest.approx([1 / 61, 1 / 63, 1 / 63, 1 / 63])


def test_one_retriever_alone_keeps_its_order() -> None:
    bm25 = Bm25(TEXTS)
    assert np.array_equal(Fused([bm25]).search(TEXTS, 5).ids, bm25.search(TEXTS, 5).ids)


def test_scale_and_offset_of_a_measure_are_no_matter() -> None:
    one = Fused([Fixed(3, 2, 1), Fixed(1, 3, 2)]).search(["q"], 3)
    other = Fused([Fixed(3, 2, 1), Fixed(-100, 300, 20)]).search(["q"], 3)
    assert np.array_equal(one.ids, other.ids)
    assert np.array_equal(one.scores, other.scores)


def test_retrievers_of_other_texts_are_refused() -> None:
    with pytest.raises(RetrievalError, match="same texts"):
        Fused([Fixed(1, 2), Fixed(1)])
    with pytest.raises(RetrievalError, match="same texts"):
        Fused([])


def test_similarity_is_the_first_retrievers() -> None:
    bm25 = Bm25(TEXTS)
    fused = Fused([bm25, Dense.of_vectors(np.eye(5))])
    assert np.array_equal(fused.to(1), bm25.to(1))
    assert np.array_equal(fused.means(), bm25.means())
    assert np.array_equal(fused.vectors(), bm25.vectors())
    assert np.array_equal(next(fused.blocks())[1], next(bm25.blocks())[1])
