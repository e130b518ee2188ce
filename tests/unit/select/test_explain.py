"""Why this text: the numbers against brute force, and the sentence."""

from collections.abc import Callable

import numpy as np
import pytest

from allabel.document import DocId, Document
from allabel.select.base import Pool
from allabel.select.explain import Explanation, Neighbour, explain, snippet
from allabel.select.served import CLOSE_RANK, best_ranks, served
from retrieval.bm25 import Bm25

Sentences = Callable[[str, int], list[Document]]


def pool_of(texts: list[str], labelled: list[int]) -> Pool:
    return Pool(tuple(DocId(f"t{i}") for i in range(len(texts))), tuple(texts), frozenset(labelled))


@pytest.fixture(scope="module")
def texts(bc5cdr: Sentences) -> list[str]:
    return [document.text for document in bc5cdr("train", 120)]


def rank_of(row: list[float], query: int, candidate: int) -> float:
    """Brute force: 1 for the best of the other texts, equal scores sharing the mean."""
    others = [score for i, score in enumerate(row) if i != query]
    above = sum(score > row[candidate] for score in others)
    return above + (sum(score == row[candidate] for score in others) + 1) / 2


def test_counts_and_ranks_are_those_of_brute_force(texts: list[str]) -> None:
    chosen = [3, 17, 40, 41, 99]
    similarity = Bm25(texts)
    matrix = {int(i): row.tolist() for part, block in similarity.blocks() for i, row in zip(part, block, strict=True)}
    by_rank = {
        j: sorted(((rank_of(matrix[j], j, i), i) for i in chosen if i != j), key=lambda x: (-matrix[j][x[1]], x[1]))
        for j in range(len(texts))
    }
    got = explain(pool_of(texts, chosen), [41, 3], similarity)
    assert [e.id for e in got] == ["t41", "t3"]
    for explanation, i in zip(got, [41, 3], strict=True):
        mine = [j for j in by_rank if j not in chosen and by_rank[j][0][1] == i]
        assert explanation.n_served == len(mine) > 0
        assert explanation.n_alone == sum(by_rank[j][1][0] > CLOSE_RANK for j in mine)
        best = sorted(mine, key=lambda j: by_rank[j][0][0])[:3]
        assert [e.rank for e in explanation.examples] == [by_rank[j][0][0] for j in best]
        assert {e.id for e in explanation.examples} <= {f"t{j}" for j in mine}
        assert explanation.nearest is not None
        assert (explanation.nearest.rank, explanation.nearest.id) == (by_rank[i][0][0], f"t{by_rank[i][0][1]}")


def test_every_text_that_nobody_chose_is_served_by_one_chosen_text(texts: list[str]) -> None:
    chosen = [1, 2, 50]
    got = explain(pool_of(texts, []), chosen, Bm25(texts))
    assert sum(e.n_served for e in got) == len(texts) - len(chosen)


def test_near_duplicates_that_are_never_chosen_are_served_too() -> None:
    texts = ["aspirin induced asthma", "aspirin induced asthma again", "a rat study"]
    pool = Pool(tuple(map(DocId, "abc")), tuple(texts), frozenset({0}), frozenset({1}))
    (one,) = explain(pool, [0], Bm25(texts))
    assert one.n_served == 2


def test_the_first_chosen_text_serves_all_alone() -> None:
    texts = ["aspirin induced asthma", "asthma after aspirin", *(f"the rat number {i}" for i in range(18))]
    (one,) = explain(pool_of(texts, [0]), [0], Bm25(texts))
    # The 18 rats share no word with it: it ties with "asthma after aspirin" far down their ranks; that one is close.
    assert (one.n_served, one.n_alone, one.nearest) == (19, 19, None)
    assert one.sentence() == ("19 texts learn most from it; no other text is chosen")
    assert one.examples[0] == Neighbour(DocId("t1"), "asthma after aspirin", 1.0)


def test_a_text_that_serves_none_says_so() -> None:
    nearest = Neighbour(DocId("b"), "other", 1.0)
    told = Explanation(DocId("a"), 0, 100, 90, 0, 0, (), nearest).sentence()
    assert told == (
        "no text learns most from it: another chosen text is at least as close to each; "
        "the nearest other chosen text is b, rank 1 of 99"
    )


@pytest.mark.parametrize(
    ("n_served", "n_alone", "told"),
    [
        (5, 4, "5 texts learn most from it; 4 of them have no other chosen text among their ten closest; the nearest"),
        (5, 1, "5 texts learn most from it; 1 of them has no other chosen text among its ten closest; the nearest"),
        (5, 0, "5 texts learn most from it; each of them has another chosen text among its ten closest; the nearest"),
        (5, 5, "5 texts learn most from it; none of them has another chosen text among its ten closest; the nearest"),
        (1, 1, "1 text learns most from it, and has no other chosen text among its ten closest; the nearest"),
        (1, 0, "1 text learns most from it, and has another chosen text among its ten closest; the nearest"),
    ],
)
def test_the_sentence_counts_in_the_singular_and_the_plural(n_served: int, n_alone: int, told: str) -> None:
    nearest = Neighbour(DocId("b"), "other", 1.0)
    sentence = Explanation(DocId("a"), 0, 100, 90, n_served, n_alone, (), nearest).sentence()
    assert sentence.startswith(told)


def test_where_no_text_is_left_to_learn_the_sentence_says_so() -> None:
    (one,) = explain(pool_of(["the only text"], [0]), [0], Bm25(["the only text"]))
    assert one.sentence() == "it is the only text of the pool"
    two = ["aspirin induced asthma", "aspirin and a rat"]
    first, _ = explain(pool_of(two, [0, 1]), [0, 1], Bm25(two))
    assert first.sentence().startswith("every text of the pool is chosen; the nearest other chosen text is t1")


def test_groups_of_chosen_texts_have_the_rank_of_their_best(texts: list[str]) -> None:
    queries, groups = np.arange(10, 20), [np.array([3, 40]), np.array([99]), np.array([], dtype=np.int64)]
    got = best_ranks(Bm25(texts), queries, groups)
    assert (got[:, 0] == served(Bm25(texts), queries, groups[0]).rank).all()
    assert (got[:, 1] == served(Bm25(texts), queries, groups[1]).rank).all()
    assert np.isinf(got[:, 2]).all()


def test_no_position_is_no_explanation(texts: list[str]) -> None:
    assert explain(pool_of(texts, [1]), [], Bm25(texts)) == []


def test_a_snippet_is_one_line_cut_at_a_word() -> None:
    assert snippet("a\n b") == "a b"
    assert snippet("alpha beta gamma", 12) == "alpha beta…"
    assert snippet("x" * 100, 10) == "x" * 9 + "…"
