"""The promises of the seam `Stage`, over every registered strategy."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allabel.document import Document
from allabel.plugins import load, names
from allabel.select.base import Stage
from allabel.testing import StageContract
from allabel.testing.stage import Make, picked, pool_of, tools

STRATEGIES = names("strategies")


def test_the_four_stages_of_the_paper_are_registered() -> None:
    assert {"uniform", "core_set", "sum_rank", "perplexity"} <= set(STRATEGIES)


class TestEveryStrategy(StageContract):
    @pytest.fixture(params=STRATEGIES)
    def make(self, request: pytest.FixtureRequest) -> Make:
        made: Make = load("strategies", request.param)
        return made

    def test_it_is_called_by_its_registered_name(self, stage: Stage, request: pytest.FixtureRequest) -> None:
        assert stage.name in STRATEGIES
        assert stage.name in request.node.name

    def test_a_smaller_n_gives_a_prefix_on_real_sentences(
        self, stage: Stage, bc5cdr: Callable[[str, int], list[Document]]
    ) -> None:
        pool = pool_of([document.text for document in bc5cdr("train", 150)], labelled=range(0, 150, 9))
        assert picked(stage, pool, 20) == picked(stage, pool, 60)[:20]


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
