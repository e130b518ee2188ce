import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.base import RetrievalError
from retrieval.bm25 import Bm25
from retrieval.mmr import Mmr, mmr, relative

TEXTS = [
    "the acid was dissolved in water at room temperature",
    "the acid was dissolved in water at room temperature again",
    "the acid was dissolved in water at the same temperature",
    "palladium on carbon and the acid gave crystals",
    "nothing of this kind",
    *(f"filler {n} of the corpus" for n in range(12)),
]
QUERY = "acid dissolved in water at room temperature with crystals"


def test_the_first_is_the_nearest_and_the_second_is_unlike_it() -> None:
    vectors = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
    taken, values = mmr(np.array([1.0, 0.9, 0.5]), vectors, 3, 0.5)
    assert taken.tolist() == [0, 2, 1]
    assert values == pytest.approx([0.5, 0.25, 0.45 - 0.5])


def test_without_diversity_the_order_stays() -> None:
    bm25 = Bm25(TEXTS)
    assert np.array_equal(
        Mmr.over(bm25, diversity=0).search([QUERY], len(TEXTS)).ids, bm25.search([QUERY], len(TEXTS)).ids
    )


def test_diversity_brings_another_kind_of_text_forward() -> None:
    plain, diverse = Bm25(TEXTS).search([QUERY], 2).ids[0], Mmr(TEXTS, diversity=0.7).search([QUERY], 2).ids[0]
    assert plain[0] == diverse[0]
    assert plain[1] in {0, 1, 2}
    assert diverse[1] == 3


def test_beyond_the_candidates_the_retrievers_order_stands_and_scores_fall() -> None:
    few = Mmr(TEXTS, diversity=0.7, n_candidates=2).search([QUERY], len(TEXTS))
    plain = Bm25(TEXTS).search([QUERY], len(TEXTS))
    assert set(few.ids[0, :2]) == set(plain.ids[0, :2])
    assert few.ids[0, 2:].tolist() == plain.ids[0, 2:].tolist()
    assert np.all(np.diff(few.scores) <= 0)


def test_scores_without_any_above_zero_keep_their_order() -> None:
    assert relative(np.array([0.0, 0.0, -2.0])).tolist() == [0, 0, -2]
    assert relative(np.array([4.0, 1.0, -2.0])).tolist() == [1, 0.25, -0.5]


@pytest.mark.parametrize("options", [{"diversity": -0.1}, {"diversity": 1.1}, {"n_candidates": 0}])
def test_settings_that_cannot_be_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(RetrievalError, match="outside"):
        Mmr(TEXTS, **options)


@given(st.integers(1, 12), st.integers(0, 12), st.floats(0, 1), st.integers(0, 9))
def test_every_candidate_is_taken_once_and_values_never_rise(n: int, k: int, diversity: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n, 3)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    taken, values = mmr(np.sort(rng.random(n))[::-1], vectors, k, diversity)
    assert len(taken) == len(set(taken.tolist())) == min(n, k)
    assert np.all(np.diff(values) <= 1e-12)
