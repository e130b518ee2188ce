"""Fast vote-k against its rule written out, and what vote-k adds to it."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest

from allabel.document import DocId
from allabel.errors import AllabelError
from allabel.reply import Reply, Status
from allabel.select.base import Pool, Tools
from allabel.select.fast_vote_k import FastVoteK
from allabel.select.vote_k import VoteK
from allabel.select.votes import n_neighbours
from retrieval.dense import Dense
from retrieval.neighbours import neighbours


def pool_of(n: int, labelled: Sequence[int] = ()) -> Pool:
    return Pool(tuple(DocId(str(i)) for i in range(n)), tuple(f"t{i}" for i in range(n)), frozenset(labelled))


def by_the_rule(listed: list[list[int]], labelled: Sequence[int], n: int) -> list[int]:
    supporters = {u: [j for j, row in enumerate(listed) if u in row] for u in range(len(listed))}
    times = dict.fromkeys(range(len(listed)), 0)
    chosen: list[int] = []

    def take(c: int) -> None:
        chosen.append(c)
        for j in supporters[c]:
            times[j] += 1

    for c in labelled:
        take(c)
    for _ in range(n):
        rest = [u for u in supporters if u not in chosen]
        scores = {
            u: sum((Fraction(1, 10 ** times[j]) for j in supporters[u] if j not in chosen), Fraction()) for u in rest
        }
        take(min(rest, key=lambda u: (-scores[u], -len(supporters[u]), u)))
    return chosen[len(labelled) :]


@pytest.mark.parametrize("labelled", [[], [4, 30, 77]])
@pytest.mark.parametrize("k", [3, 10, 150])
def test_fast_vote_k_is_the_rule_written_out(labelled: list[int], k: int) -> None:
    index = Dense.of_vectors(np.random.default_rng(k).standard_normal((100, 6)))
    stage = FastVoteK(Tools(lambda texts: index, lambda texts: []), k=k)
    found = [c.position for c in stage.select(pool_of(100, labelled), 60, np.random.default_rng(0))]
    assert found == by_the_rule(neighbours(index, k).ids.tolist(), labelled, 60)


@pytest.mark.parametrize(("n", "k"), [(1, 5), (119, 5), (300, 15), (3000, 150), (10**6, 150)])
def test_a_text_votes_for_a_twentieth_of_the_pool_within_bounds(n: int, k: int) -> None:
    assert n_neighbours(n) == k


def test_the_votes_of_a_small_pool_are_not_used_up() -> None:
    index = Dense.of_vectors(np.random.default_rng(0).standard_normal((300, 6)))
    tools = Tools(lambda texts: index, lambda texts: [])
    chosen = FastVoteK(tools).select(pool_of(300), 30, np.random.default_rng(0))
    assert min(choice.score for choice in chosen) > 1
    published = FastVoteK(tools, k=150).select(pool_of(300), 30, np.random.default_rng(0))
    assert published[-1].score < 0.01


def test_fast_vote_k_takes_a_text_of_a_second_group_before_another_of_the_first() -> None:
    spread = np.random.default_rng(0).normal(0, 0.1, (20, 3))
    index = Dense.of_vectors(np.eye(3)[[0] * 12 + [1] * 8] + spread)
    first, second = FastVoteK(Tools(lambda texts: index, lambda texts: []), k=5).select(
        pool_of(20), 2, np.random.default_rng(0)
    )
    assert {first.position < 12, second.position < 12} == {True, False}


def scripted(n: int) -> Tools:
    """Text 0 is the least certain, text n - 1 the most certain."""

    def annotate(texts: Sequence[str]) -> list[Reply]:
        return [Reply(Status.OK, (), 1 + (n - int(text[1:])) / n) for text in texts]

    return Tools(lambda texts: Dense.of_vectors(np.random.default_rng(0).standard_normal((n, 6))), annotate)


@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_vote_k_takes_one_text_of_each_bucket_of_certainty_and_leaves_the_surest_tenth(m: int) -> None:
    choices = VoteK(scripted(160)).select(pool_of(160), 2**m, np.random.default_rng(0))
    # 144 texts are left, in 2^m buckets by perplexity.
    assert sorted(choice.position * 2**m // 144 for choice in choices) == list(range(2**m))
    assert all(choice.score == pytest.approx(1 + (160 - choice.position) / 160) for choice in choices)


def test_vote_k_takes_the_most_voted_for_of_a_bucket() -> None:
    tools = scripted(40)
    (choice,) = VoteK(tools).select(pool_of(40), 1, np.random.default_rng(0))
    votes = np.bincount(neighbours(tools.similarity([]), 5).ids.ravel(), minlength=40)
    assert votes[choice.position] == votes[:36].max()


def test_vote_k_says_why_when_too_few_replies_have_a_perplexity() -> None:
    index = Dense.of_vectors(np.eye(4))
    tools = Tools(lambda texts: index, lambda texts: [Reply(Status.FAILED, error="gone") for _ in texts])
    with pytest.raises(AllabelError, match="gone"):
        VoteK(tools).select(pool_of(4), 2, np.random.default_rng(0))
