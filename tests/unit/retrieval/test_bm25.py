"""BM25 against rank_bm25, and its three views (search, blocks, means) against its scores."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from rank_bm25 import BM25Okapi

from allabel.document import Document
from retrieval.base import RetrievalError
from retrieval.bm25 import Bm25
from retrieval.tokenize import terms

# "a" stands in more than half of them: its idf is negative.
COMMON = ["a NaCl", "a KCl", "a HCl in water", "b in DMF", "a a a", "c"]


@pytest.fixture(scope="module")
def texts(bc5cdr: Callable[[str, int], list[Document]]) -> list[str]:
    return [document.text for document in bc5cdr("train", 400)]


def independent(texts: Sequence[str], queries: Sequence[str]) -> np.ndarray:
    index = BM25Okapi([terms(text) for text in texts])
    return np.array([index.get_scores(terms(query)) for query in queries])


def test_scores_equal_rank_bm25_on_real_sentences(texts: list[str]) -> None:
    queries = [
        *texts[:40],
        "naloxone naloxone naloxone reverses hypotension",
        "xylophone clonidine quux",
        "xylophone quux",
        "The of in and .",
        "",
    ]
    scores = Bm25(texts).scores(queries)
    assert scores.shape == (45, 400)
    np.testing.assert_allclose(scores, independent(texts, queries), rtol=0, atol=1e-5)


def test_a_term_in_most_texts_gets_the_negative_idf_rule_of_rank_bm25() -> None:
    queries = ["a", "a NaCl a", "in water", "c b a"]
    expected = independent(COMMON, queries)
    assert np.log(len(COMMON) - 4 + 0.5) - np.log(4 + 0.5) < 0
    np.testing.assert_allclose(Bm25(COMMON).scores(queries), expected, rtol=0, atol=1e-5)


def test_a_text_without_words_scores_nothing_and_changes_the_mean_length_as_in_rank_bm25() -> None:
    texts = ["NaCl in water", "...", "KCl in DMF"]
    np.testing.assert_allclose(Bm25(texts).scores(["NaCl in"]), independent(texts, ["NaCl in"]), rtol=0, atol=1e-5)
    assert Bm25(texts).scores(["NaCl in"])[0, 1] == 0


@pytest.mark.parametrize("texts", [["NaCl in water"], ["NaCl in water", "KCl in DMF"], ["NaCl", "NaCl"]])
def test_scores_equal_rank_bm25_on_tiny_corpora(texts: list[str]) -> None:
    queries = ["NaCl", "in water in", "DMF"]
    np.testing.assert_allclose(Bm25(texts).scores(queries), independent(texts, queries), rtol=0, atol=1e-5)


@pytest.mark.parametrize("texts", [[""], ["", "..."], ["- = ±"]])
def test_texts_without_any_word_are_indexed_and_score_zero(texts: list[str]) -> None:
    index = Bm25(texts)
    assert len(index) == len(texts)
    assert not index.scores(["NaCl", ""]).any()
    assert not index.means().any()
    assert index.search(["NaCl"], 5).ids.tolist() == [list(range(len(texts)))]


def test_an_index_needs_a_text() -> None:
    with pytest.raises(RetrievalError, match="at least one text"):
        Bm25([])


def test_words_of_other_case_are_the_same_word() -> None:
    index = Bm25(["NaCl in water", "KCl in DMF", "benzene"])
    assert index.scores(["NACL"]).tolist() == index.scores(["nacl"]).tolist()
    assert index.scores(["NACL"])[0, 0] > 0


def test_search_is_a_full_sort_cut_off_with_ties_by_position(texts: list[str]) -> None:
    # Copies make ties above zero; most texts tie at zero.
    index = Bm25([*texts, *texts[:50]])
    queries = texts[:60]
    scores = index.scores(queries)
    for k in (1, 7, 50, 449, 450, 1000):
        found = index.search(queries, k)
        expected = np.array([sorted(range(450), key=lambda i: (-row[i], i))[:k] for row in scores])
        assert found.ids.tolist() == expected.tolist()
        np.testing.assert_array_equal(found.scores, np.take_along_axis(scores, expected, axis=1))
        assert (np.diff(found.scores, axis=1) <= 0).all()


def test_an_index_too_large_for_one_block_gives_the_same_in_two(bc5cdr: Callable[[str, int], list[Document]]) -> None:
    texts = [document.text for document in bc5cdr("train", 4500)]
    index = Bm25(texts)
    (first, block), (others, rest) = list(index.blocks())[:2]
    second = int(others[0])
    assert (first[0], second) == (0, len(block))
    np.testing.assert_allclose(rest[:3], index.scores(texts[second : second + 3]), atol=1e-4)
    together = index.search(texts, 5)
    alone = index.search(texts[second - 2 : second + 2], 5)
    assert together.ids[second - 2 : second + 2].tolist() == alone.ids.tolist()
    np.testing.assert_array_equal(together.scores[second - 2 : second + 2], alone.scores)


def test_no_query_and_no_k_give_empty_rankings() -> None:
    index = Bm25(COMMON)
    assert index.search([], 3).ids.shape == (0, 3)
    assert index.search(["a"], 0).ids.shape == (1, 0)


def test_blocks_columns_and_means_are_views_of_one_matrix(texts: list[str]) -> None:
    index = Bm25(texts)
    matrix = index.scores(texts)
    asked, rows = zip(*index.blocks(), strict=True)
    assert np.concatenate(asked).tolist() == list(range(len(texts)))
    np.testing.assert_allclose(np.concatenate(rows), matrix, rtol=1e-6, atol=1e-5)
    (some, block), *_ = index.blocks(np.array([5, 399, 17]))
    assert some.tolist() == [5, 399, 17]
    np.testing.assert_allclose(block, matrix[[5, 399, 17]], rtol=1e-6, atol=1e-5)
    for position in (0, 17, 399):
        np.testing.assert_allclose(index.to(position), matrix[:, position], atol=1e-9)
    others = [np.delete(row, i).mean() for i, row in enumerate(matrix)]
    np.testing.assert_allclose(index.means(), others, atol=1e-9)


def test_the_similarity_is_the_querys_to_the_candidate_and_not_the_other_way_round() -> None:
    index = Bm25(["NaCl", "NaCl NaCl in a long text about water", "KCl", "benzene", "toluene"])
    matrix = index.scores(["NaCl", "NaCl NaCl in a long text about water"])
    assert matrix[0, 1] != pytest.approx(matrix[1, 0])
    assert index.to(1)[0] == pytest.approx(matrix[0, 1])


def test_the_mean_of_a_single_text_is_zero() -> None:
    assert Bm25(["NaCl in water"]).means().tolist() == [0]
