"""The promises of the seam `Stage`, over every registered strategy."""

import math
from collections.abc import Callable, Sequence
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allabel.document import DocId, Document
from allabel.plugins import load, names
from allabel.reply import Reply, Status
from allabel.select.base import Choice, Pool, Stage, Tools
from retrieval.bm25 import Bm25

STRATEGIES = names("strategies")
Select = Callable[..., list[Choice]]

TEXTS = [
    "NaCl was dissolved in water",
    "KCl was dissolved in DMF",
    "the patient received aspirin",
    "aspirin induced asthma in the patient",
    "benzene",
    "...",
    "",
    "benzene",
    "toluene and benzene were distilled",
    "a a a a",
]


def unsure(texts: Sequence[str]) -> list[Reply]:
    """Reply with a perplexity that the text alone decides."""
    return [Reply(Status.OK, (), 1 + crc32(text.encode()) % 1000 / 1000) for text in texts]


def pool_of(texts: Sequence[str], labelled: Sequence[int] = ()) -> Pool:
    return Pool(tuple(DocId(str(i)) for i in range(len(texts))), tuple(texts), frozenset(labelled))


def tools() -> Tools:
    return Tools(Bm25, unsure)


@pytest.fixture(params=STRATEGIES)
def stage(request: pytest.FixtureRequest) -> Stage:
    made: Stage = load("strategies", request.param)(tools())
    return made


def picked(stage: Stage, pool: Pool, n: int, seed: int = 0) -> list[int]:
    return [choice.position for choice in stage.select(pool, n, np.random.default_rng(seed))]


def test_the_four_stages_of_the_paper_are_registered() -> None:
    assert {"uniform", "core_set", "sum_rank", "perplexity"} <= set(STRATEGIES)


def test_a_stage_is_called_by_its_registered_name(stage: Stage, request: pytest.FixtureRequest) -> None:
    assert stage.name in STRATEGIES
    assert stage.name in request.node.name


@pytest.mark.parametrize("n", [0, 1, 3, 7, 8, 100])
def test_it_picks_candidates_only_each_once_and_as_many_as_there_are(stage: Stage, n: int) -> None:
    pool = pool_of(TEXTS, labelled=[0, 4, 6])
    found = picked(stage, pool, n)
    assert set(found) <= {1, 2, 3, 5, 7, 8, 9}
    assert len(found) == len(set(found)) == min(n, 7)


def test_every_choice_has_a_finite_score_and_a_reason(stage: Stage) -> None:
    for choice in stage.select(pool_of(TEXTS, labelled=[2]), 9, np.random.default_rng(0)):
        assert math.isfinite(choice.score)
        assert choice.reason
        assert type(choice.position) is int


def test_the_same_generator_gives_the_same_choices(stage: Stage) -> None:
    pool = pool_of(TEXTS)
    assert stage.select(pool, 6, np.random.default_rng(5)) == stage.select(pool, 6, np.random.default_rng(5))


def test_another_object_of_the_stage_gives_the_same_choices(stage: Stage) -> None:
    assert picked(type(stage)(tools()), pool_of(TEXTS), 6) == picked(stage, pool_of(TEXTS), 6)


@pytest.mark.parametrize("labelled", [[], [3, 8]])
def test_a_smaller_n_gives_a_prefix(stage: Stage, labelled: list[int]) -> None:
    pool = pool_of(TEXTS, labelled)
    whole = picked(stage, pool, len(TEXTS))
    for n in range(len(TEXTS)):
        assert picked(stage, pool, n) == whole[:n]


def test_a_smaller_n_gives_a_prefix_on_real_sentences(
    stage: Stage, bc5cdr: Callable[[str, int], list[Document]]
) -> None:
    pool = pool_of([document.text for document in bc5cdr("train", 150)], labelled=range(0, 150, 9))
    assert picked(stage, pool, 20) == picked(stage, pool, 60)[:20]


@pytest.mark.parametrize("n", [0, 1, 5])
def test_an_empty_and_an_exhausted_pool_give_nothing(stage: Stage, n: int) -> None:
    assert picked(stage, pool_of([]), n) == []
    assert picked(stage, pool_of(TEXTS, labelled=range(len(TEXTS))), n) == []


@pytest.mark.parametrize(
    "texts",
    [["NaCl in water"] * 6, ["...", "- =", "±", "?", "(", "…"], ["a", "b", "c", "a", "b", "d"], ["one"]],
    ids=["all the same", "no words", "one word each", "one text"],
)
def test_odd_pools_are_picked_to_the_end(stage: Stage, texts: list[str]) -> None:
    assert sorted(picked(stage, pool_of(texts), 10)) == list(range(len(texts)))
    assert len(picked(stage, pool_of(texts), 1)) == 1


def test_blank_texts_are_not_chosen(stage: Stage) -> None:
    assert sorted(picked(stage, pool_of(["", "NaCl", " \n ", "KCl"]), 10)) == [1, 3]
    assert picked(stage, pool_of(["", " "]), 10) == []


@given(
    texts=st.lists(st.text("ab .", max_size=8), max_size=8),
    labelled=st.sets(st.integers(0, 7)),
    n=st.integers(0, 9),
    name=st.sampled_from(STRATEGIES),
)
def test_any_pool_keeps_the_promises(texts: list[str], labelled: set[int], n: int, name: str) -> None:
    pool = pool_of(texts, [i for i in labelled if i < len(texts)])
    stage: Stage = load("strategies", name)(tools())
    found, whole = picked(stage, pool, n), picked(stage, pool, len(texts))
    assert found == whole[:n]
    assert sorted(whole) == pool.candidates.tolist()
