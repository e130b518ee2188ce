"""What each stage picks, against brute force."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
from scipy.stats import rankdata

from allabel.document import DocId, Document
from allabel.errors import AllabelError
from allabel.reply import Reply, Status
from allabel.select.base import Choice, Pool, Tools
from allabel.select.core_set import CoreSet
from allabel.select.coverage import Coverage
from allabel.select.fast_vote_k import FastVoteK
from allabel.select.perplexity import Perplexity
from allabel.select.sum_rank import SumRank, SumRankPerToken
from allabel.select.sum_score import SumScore, SumScoreAsQuery
from allabel.select.uniform import Uniform
from retrieval.bm25 import Bm25

Sentences = Callable[[str, int], list[Document]]


def nobody(texts: Sequence[str]) -> list[Reply]:
    raise AssertionError("this stage needs no annotator")


def pool_of(texts: Sequence[str], labelled: Sequence[int] = ()) -> Pool:
    return Pool(tuple(DocId(str(i)) for i in range(len(texts))), tuple(texts), frozenset(labelled))


def positions(choices: Sequence[Choice]) -> list[int]:
    return [choice.position for choice in choices]


@pytest.fixture(scope="module")
def texts(bc5cdr: Sentences) -> list[str]:
    return [document.text for document in bc5cdr("train", 120)]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def farthest_first(matrix: np.ndarray, labelled: list[int], n: int) -> list[int]:
    """Brute force: matrix[i, j] is U(i, j), text i as the query and text j, chosen before, as the candidate."""
    chosen = list(labelled)
    for _ in range(n):
        rest = [i for i in range(len(matrix)) if i not in chosen]
        if chosen:
            best = min(rest, key=lambda i: max(matrix[i, j] for j in chosen))
        else:
            best = min(rest, key=lambda i: np.delete(matrix[i], i).mean())
        chosen.append(best)
    return chosen[len(labelled) :]


def test_core_set_starts_at_the_lowest_mean_similarity(texts: list[str], rng: np.random.Generator) -> None:
    (first,) = CoreSet(Tools(Bm25, nobody)).select(pool_of(texts), 1, rng)
    means = Bm25(texts).means()
    assert first.position == means.argmin()
    assert first.score == pytest.approx(means.min())


@pytest.mark.parametrize("labelled", [[], [3], [5, 40, 41, 99]])
def test_core_set_is_farthest_first(texts: list[str], labelled: list[int], rng: np.random.Generator) -> None:
    choices = CoreSet(Tools(Bm25, nobody)).select(pool_of(texts, labelled), 25, rng)
    matrix = Bm25(texts).scores(texts)
    expected = farthest_first(matrix, labelled, 25)
    assert positions(choices) == expected
    before = [*labelled, *expected]
    for rank, choice in enumerate(choices[1:], start=1):
        earlier = before[: len(labelled) + rank]
        assert choice.score == pytest.approx(matrix[choice.position, earlier].max())


def test_core_set_takes_a_text_of_another_kind_before_a_second_of_the_same(rng: np.random.Generator) -> None:
    texts = ["aspirin induced asthma", "aspirin induced nausea", "aspirin induced pain", "gold wire was cut"]
    assert positions(CoreSet(Tools(Bm25, nobody)).select(pool_of(texts, [0]), 1, rng)) == [3]


class Matrix:
    """A similarity that is given."""

    def __init__(self, scores: np.ndarray) -> None:
        self._scores = scores

    def __len__(self) -> int:
        return len(self._scores)

    def blocks(self, queries: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for first in range(0, len(queries), 7):
            part = queries[first : first + 7]
            yield part, self._scores[part].astype(np.float32)

    def to(self, position: int) -> np.ndarray:
        return self._scores[:, position].copy()

    def means(self) -> np.ndarray:
        return np.array([np.delete(row, i).mean() for i, row in enumerate(self._scores)])


def rank_sums(matrix: np.ndarray, open_: Sequence[int]) -> dict[int, float]:
    """Brute force: every open text ranks all others, 1 is the best, equal ones share the mean; below zero is zero."""
    sums = dict.fromkeys(open_, 0.0)
    for query in open_:
        others = [i for i in open_ if i != query]
        for i, rank in zip(others, rankdata(-np.maximum(matrix[query, others], 0)), strict=True):
            sums[i] += rank
    return sums


@pytest.mark.parametrize("labelled", [[], [0, 7, 39]])
@pytest.mark.parametrize("lowest", [0.0, -0.5])
def test_sum_rank_is_the_sum_of_ranks_over_all_unlabelled_queries(
    labelled: list[int], lowest: float, rng: np.random.Generator
) -> None:
    # Multiples of 1/2000, which the resolution of ranks tells apart.
    matrix = np.round(rng.uniform(lowest, 1, (40, 40)) * 2000) / 2000
    matrix[rng.random((40, 40)) < 0.6] = 0
    open_ = [i for i in range(40) if i not in labelled]
    tools = Tools(lambda texts: Matrix(matrix), nobody)
    choices = SumRank(tools).select(pool_of(["x"] * 40, labelled), len(open_), rng)
    sums = rank_sums(matrix, open_)
    assert {c.position: -c.score * (len(open_) - 1) for c in choices} == pytest.approx(sums)
    assert positions(choices) == sorted(open_, key=lambda i: (round(sums[i], 6), i))


@pytest.mark.parametrize("labelled", [[], [0, 7, 60]])
def test_sum_rank_on_real_sentences_is_the_sum_of_their_bm25_ranks(
    texts: list[str], labelled: list[int], rng: np.random.Generator
) -> None:
    open_ = [i for i in range(len(texts)) if i not in labelled]
    sums = rank_sums(Bm25(texts).scores(texts), open_)
    choices = SumRank(Tools(Bm25, nobody)).select(pool_of(texts, labelled), 30, rng)
    best = sorted(open_, key=lambda i: (sums[i], i))[:30]
    # Scores are told apart at a resolution: neighbours in the order may change places.
    assert len(set(positions(choices)) & set(best)) >= 29
    assert {c.position: -c.score for c in choices} == pytest.approx(
        {c.position: sums[c.position] / (len(open_) - 1) for c in choices}, rel=0.01
    )


def test_sum_rank_does_not_favour_a_place_in_the_file_among_texts_that_share_no_word(rng: np.random.Generator) -> None:
    scores = [c.score for c in SumRank(Tools(Bm25, nobody)).select(pool_of(["a", "b", "c", "d"]), 4, rng)]
    assert scores == pytest.approx([-2.0] * 4)


def test_sum_rank_per_token_takes_shorter_texts(texts: list[str], rng: np.random.Generator) -> None:
    def words(stage: type[SumRank]) -> float:
        chosen = stage(Tools(Bm25, nobody)).select(pool_of(texts), 20, rng)
        return float(np.mean([len(texts[choice.position].split()) for choice in chosen]))

    assert words(SumRankPerToken) < 0.9 * words(SumRank)


@pytest.mark.parametrize("labelled", [[], [0, 7, 60]])
def test_sum_score_is_the_sum_of_similarities_to_the_unlabelled(
    texts: list[str], labelled: list[int], rng: np.random.Generator
) -> None:
    matrix = Bm25(texts).scores(texts)
    np.fill_diagonal(matrix, 0)
    unlabelled = np.setdiff1d(np.arange(len(texts)), labelled)
    means = matrix[unlabelled].sum(axis=0) / (len(unlabelled) - np.isin(np.arange(len(texts)), unlabelled))
    choices = SumScore(Tools(Bm25, nobody)).select(pool_of(texts, labelled), 30, rng)
    assert positions(choices) == sorted(unlabelled, key=lambda i: (-means[i], i))[:30]
    assert [choice.score for choice in choices] == pytest.approx([means[p] for p in positions(choices)], rel=1e-5)


def test_sum_score_as_query_turns_the_similarity_round(texts: list[str], rng: np.random.Generator) -> None:
    choices = SumScoreAsQuery(Tools(Bm25, nobody)).select(pool_of(texts), 30, rng)
    means = Bm25(texts).means()
    assert positions(choices) == np.argsort(-means, kind="stable")[:30].tolist()


def test_uniform_draws_every_text_about_equally_often() -> None:
    draws = np.zeros(10)
    for seed in range(600):
        for choice in Uniform(Tools(Bm25, nobody)).select(pool_of(["x"] * 12, [0, 11]), 3, np.random.default_rng(seed)):
            draws[choice.position - 1] += 1
    assert draws.sum() == 1800
    assert draws.min() > 130
    assert draws.max() < 230


class Scripted:
    """An annotator whose perplexities are given; None stands for a reply without one."""

    def __init__(self, perplexities: dict[str, float | None]) -> None:
        self._perplexities = perplexities
        self.asked: list[str] = []

    def __call__(self, texts: Sequence[str]) -> list[Reply]:
        self.asked += texts
        return [
            Reply(Status.OK, (), p)
            if (p := self._perplexities[text]) is not None
            else Reply(Status.FAILED, error="the server went away")
            for text in texts
        ]


SURENESS: dict[str, float | None] = {"t0": 1.1, "t1": 1.9, "t2": 1.0, "t3": 1.9, "t4": 3.0, "t5": 1.2}


def test_perplexity_takes_the_highest_with_ties_by_position(rng: np.random.Generator) -> None:
    choices = Perplexity(Tools(Bm25, Scripted(SURENESS))).select(pool_of(list(SURENESS)), 4, rng)
    assert positions(choices) == [4, 1, 3, 5]
    assert [c.score for c in choices] == [3.0, 1.9, 1.9, 1.2]


def test_the_reason_says_what_perplexity_is_and_claims_no_doubt_where_there_is_none(rng: np.random.Generator) -> None:
    def reasons(given: dict[str, float | None], n: int) -> list[str]:
        choices = Perplexity(Tools(Bm25, Scripted(given))).select(pool_of(list(given)), n, rng)
        return [choice.reason for choice in choices]

    told = reasons(SURENESS, 6)
    assert told[0] == (
        "the annotator is less sure of it than of most: perplexity 3.000, where 1 is certain; "
        "the median of 6 tagged texts is 1.550"
    )
    assert "less sure" not in told[-1]
    assert reasons({"a": 1.5, "b": 1.5}, 1) == [
        "the annotator is equally sure of all 2 tagged texts: perplexity 1.500, where 1 is certain"
    ]
    assert reasons({"a": 1.5}, 1) == ["the only text that the annotator tagged: perplexity 1.500, where 1 is certain"]


def test_reasons_of_tiny_pools_count_one_text(rng: np.random.Generator) -> None:
    tools = Tools(Bm25, nobody)
    two, one = pool_of(["aspirin in rats", "gold wire was cut"], [0]), pool_of(["gold"])
    (far,) = CoreSet(tools).select(two, 1, rng)
    assert "its similarity to the one text there is 0.00" in far.reason
    (alone,) = SumRank(tools).select(one, 1, rng)
    assert alone.reason == "the only text left to choose from"
    (covering,) = Coverage(tools).select(one, 1, rng)
    assert covering.reason == "the best demonstration so far for 1 text, which had none among its ten closest; 1 token"
    for stage in (CoreSet, SumRank, Coverage, FastVoteK):
        for pool in (one, two):
            assert not any("1 texts" in choice.reason for choice in stage(tools).select(pool, 1, rng))


def test_perplexity_does_not_ask_about_annotated_texts(rng: np.random.Generator) -> None:
    annotator = Scripted(SURENESS)
    choices = Perplexity(Tools(Bm25, annotator)).select(pool_of(list(SURENESS), [4, 1]), 2, rng)
    assert positions(choices) == [3, 5]
    assert annotator.asked == ["t0", "t2", "t3", "t5"]


def test_a_cap_bounds_how_many_texts_are_annotated_and_the_seed_decides_which() -> None:
    pool, asked = pool_of(list(SURENESS)), set()
    for seed in range(8):
        annotator = Scripted(SURENESS)
        choices = Perplexity(Tools(Bm25, annotator, cap=3)).select(pool, 2, np.random.default_rng(seed))
        assert len(annotator.asked) == len(set(annotator.asked)) == 3
        assert {f"t{p}" for p in positions(choices)} <= set(annotator.asked)
        asked.add(tuple(annotator.asked))
        again = Scripted(SURENESS)
        Perplexity(Tools(Bm25, again, cap=3)).select(pool, 2, np.random.default_rng(seed))
        assert again.asked == annotator.asked
    assert len(asked) > 1


def test_a_cap_above_the_pool_changes_nothing(rng: np.random.Generator) -> None:
    capped = Perplexity(Tools(Bm25, Scripted(SURENESS), cap=100)).select(pool_of(list(SURENESS)), 3, rng)
    assert positions(capped) == [4, 1, 3]


def test_failed_replies_are_never_chosen_while_enough_others_are_left(rng: np.random.Generator) -> None:
    annotator = Scripted({**SURENESS, "t4": None})
    assert positions(Perplexity(Tools(Bm25, annotator)).select(pool_of(list(SURENESS)), 2, rng)) == [1, 3]


def test_too_few_replies_with_a_perplexity_stop_the_work_and_say_why(rng: np.random.Generator) -> None:
    annotator = Scripted({**SURENESS, "t4": None, "t0": None, "t1": None})
    with pytest.raises(AllabelError, match=r"only 3 of 6 texts.*4 are to be chosen.*the server went away"):
        Perplexity(Tools(Bm25, annotator)).select(pool_of(list(SURENESS)), 4, rng)
