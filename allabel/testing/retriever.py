"""The promises of the seams `Retriever`, which tagging asks, and `Similarity`, which choosing asks besides."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import pytest

from retrieval.base import Retriever, Similarity


class Both(Retriever, Similarity, Protocol):
    """A ranking and how alike the texts are."""


Make = Callable[[Sequence[str]], Retriever]
MakeBoth = Callable[[Sequence[str]], Both]
TEXTS = ("NaCl in water", "NaCl in water", "the mixture was heated", "ZnCl2 and NaCl", "water", "—", "heated in DMF")
QUERIES = ("NaCl in water", "heated", "nothing of this occurs", "")
_ROUNDING = 1e-4  # similarities come in single precision


class RetrieverContract:
    """What every retriever promises that finds demonstrations. Inherit it as a class `Test…` that gives `make`."""

    @pytest.fixture
    def make(self) -> Make:
        """Return what gives the index when it is called with the texts: the retriever's class."""
        raise NotImplementedError("give a fixture `make` that returns the retriever's class")

    def test_scores_fall_and_ties_stand_by_position(self, make: Make) -> None:
        """`search` gives ids and scores (n_queries, k), the best first; what scores the same is in the texts' order."""
        top = make(TEXTS).search(QUERIES, 5)
        assert top.ids.shape == top.scores.shape == (len(QUERIES), 5)
        assert np.all(np.diff(top.scores, axis=1) <= 0)
        tied = np.diff(top.scores, axis=1) == 0
        assert np.all(np.diff(top.ids, axis=1)[tied] > 0)

    def test_each_text_is_found_once(self, make: Make) -> None:
        """Ids are positions in the texts; none comes twice for a query."""
        for row in make(TEXTS).search(QUERIES, len(TEXTS)).ids:
            assert sorted(row) == list(range(len(TEXTS)))

    def test_more_than_there_is_gives_all_there_is(self, make: Make) -> None:
        """`len` counts the texts, and k beyond it is no error."""
        index = make(TEXTS)
        assert len(index) == len(TEXTS)
        assert index.search(QUERIES, 100).ids.shape == (len(QUERIES), len(TEXTS))

    def test_a_smaller_k_gives_the_first_of_a_larger_one(self, make: Make) -> None:
        """How many are asked for changes nothing about which is best."""
        index = make(TEXTS)
        assert np.array_equal(index.search(QUERIES, 2).ids, index.search(QUERIES, 6).ids[:, :2])

    def test_no_query_gives_no_row(self, make: Make) -> None:
        """(0, k), and no error."""
        assert make(TEXTS).search([], 3).ids.shape == (0, 3)

    def test_a_query_alone_ranks_as_it_does_among_others(self, make: Make) -> None:
        """What is asked together does not change an answer: texts are tagged in batches of any size."""
        index = make(TEXTS)
        together = index.search(QUERIES, 4)
        for i, query in enumerate(QUERIES):
            assert np.array_equal(index.search([query], 4).ids[0], together.ids[i])

    def test_an_index_built_again_ranks_the_same(self, make: Make) -> None:
        """Another run of a command shows the same demonstrations."""
        assert np.array_equal(make(TEXTS).search(QUERIES, 7).ids, make(TEXTS).search(QUERIES, 7).ids)

    def test_a_single_text_can_be_indexed(self, make: Make) -> None:
        """The first annotated text is a corpus of one."""
        assert make(TEXTS[:1]).search(QUERIES, 3).ids.tolist() == [[0]] * len(QUERIES)


class SimilarityContract:
    """What a retriever promises besides, with which texts can be chosen (`allabel select --retriever`)."""

    @pytest.fixture
    def make(self) -> MakeBoth:
        """Return what gives the index when it is called with the texts: the retriever's class."""
        raise NotImplementedError("give a fixture `make` that returns the retriever's class")

    def test_blocks_have_a_row_for_each_text_asked_in_order(self, make: MakeBoth) -> None:
        """`blocks` yields positions and their similarities to all texts (n_some, n_texts); all texts by default."""
        index = make(TEXTS)
        for asked in (None, np.array([4, 0, 2])):
            blocks = list(index.blocks(asked))
            rows = np.concatenate([some for some, _ in blocks])
            assert rows.tolist() == (list(range(len(TEXTS))) if asked is None else asked.tolist())
            assert all(block.shape == (len(some), len(TEXTS)) for some, block in blocks)
            assert np.isfinite(np.concatenate([block for _, block in blocks])).all()

    def test_some_rows_are_those_of_the_whole(self, make: MakeBoth) -> None:
        """What is asked together does not change a similarity."""
        index = make(TEXTS)
        some = np.concatenate([block for _, block in index.blocks(np.array([4, 0, 2]))])
        np.testing.assert_allclose(some, _matrix(index)[[4, 0, 2]], atol=_ROUNDING)

    def test_to_is_a_column_of_the_blocks(self, make: MakeBoth) -> None:
        """`to(i)` is the similarity of every text, as a query, to text i."""
        index = make(TEXTS)
        for i in range(len(TEXTS)):
            np.testing.assert_allclose(index.to(i), _matrix(index)[:, i], atol=_ROUNDING)

    def test_means_leave_out_the_similarity_to_itself(self, make: MakeBoth) -> None:
        """`means()` is each text's mean similarity, as a query, to all others; 0 for a single text."""
        index = make(TEXTS)
        matrix = _matrix(index)
        others = (matrix.sum(axis=1) - np.diag(matrix)) / (len(TEXTS) - 1)
        np.testing.assert_allclose(index.means(), others, atol=_ROUNDING)
        assert make(TEXTS[:1]).means().tolist() == pytest.approx([0.0], abs=_ROUNDING)

    def test_vectors_have_length_one_or_none(self, make: MakeBoth) -> None:
        """`vectors()` is (n_texts, n_dimensions), rows of length 1, or 0 for a text without anything to go by."""
        vectors = make(TEXTS).vectors()
        assert vectors.ndim == 2
        assert len(vectors) == len(TEXTS)
        lengths = np.linalg.norm(vectors, axis=1)
        assert np.all((np.abs(lengths - 1) < _ROUNDING) | (lengths < _ROUNDING))

    def test_equal_texts_have_equal_vectors(self, make: MakeBoth) -> None:
        """Groups and maps are made of them."""
        vectors = make(TEXTS).vectors()
        np.testing.assert_allclose(vectors[0], vectors[1], atol=_ROUNDING)


def _matrix(index: Similarity) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    return np.concatenate([block for _, block in index.blocks()])
