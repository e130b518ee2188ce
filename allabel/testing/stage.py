"""The promises of the seam `Stage`: selection strategies."""

import math
from collections.abc import Callable, Sequence
from zlib import crc32

import numpy as np
import pytest

from allabel.document import DocId
from allabel.reply import Reply, Status
from allabel.select.base import Pool, Stage, Tools
from allabel.testing.lessons import untouched_chance
from retrieval.bm25 import Bm25

Make = Callable[[Tools], Stage]
TEXTS = (
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
)
ODD_POOLS = {
    "all the same": ("NaCl in water",) * 6,
    "no words": ("...", "- =", "±", "?", "(", "…"),
    "one word each": ("a", "b", "c", "a", "b", "d"),
    "one text": ("one",),
}


def pool_of(texts: Sequence[str], labelled: Sequence[int] = (), spare: Sequence[int] = ()) -> Pool:
    """Make a pool whose ids are positions."""
    return Pool(tuple(DocId(str(i)) for i in range(len(texts))), tuple(texts), frozenset(labelled), frozenset(spare))


def tools() -> Tools:
    """Make tools that need no model: BM25, and an annotator whose doubt the text alone decides."""
    return Tools(Bm25, _unsure)


def picked(stage: Stage, pool: Pool, n: int, seed: int = 0) -> list[int]:
    """Return the positions that a stage chooses, best first."""
    return [choice.position for choice in stage.select(pool, n, np.random.default_rng(seed))]


def _unsure(texts: Sequence[str]) -> list[Reply]:
    return [Reply(Status.OK, (), 1 + crc32(text.encode()) % 1000 / 1000) for text in texts]


class StageContract:
    """What every selection strategy promises. Inherit it as a class `Test…` that gives `make`."""

    @pytest.fixture
    def make(self) -> Make:
        """Return what gives the stage when it is called with `Tools`: the strategy's class."""
        raise NotImplementedError("give a fixture `make` that returns the strategy's class")

    @pytest.fixture
    def stage(self, make: Make) -> Stage:
        """Make the stage."""
        return make(tools())

    def test_it_has_a_name_and_says_whether_it_needs_annotations(self, stage: Stage) -> None:
        """`name` stands beside each choice, `needs_annotations` decides when the stage has its turn."""
        assert isinstance(stage.name, str)
        assert stage.name
        assert isinstance(stage.needs_annotations, bool)

    @pytest.mark.parametrize("n", [0, 1, 3, 7, 8, 100])
    def test_it_picks_candidates_only_each_once_and_as_many_as_there_are(self, stage: Stage, n: int) -> None:
        """Never a labelled or a blank text, never more than `n`, fewer only where there are fewer."""
        found = picked(stage, pool_of(TEXTS, labelled=[0, 4, 6]), n)
        assert set(found) <= {1, 2, 3, 5, 7, 8, 9}
        assert len(found) == len(set(found)) == min(n, 7)

    def test_spare_near_duplicates_are_not_chosen(self, stage: Stage) -> None:
        """`pool.spare` is left out, as `pool.candidates` does."""
        assert sorted(picked(stage, pool_of(TEXTS, labelled=[0, 6], spare=[7, 9]), 10)) == [1, 2, 3, 4, 5, 8]

    def test_blank_texts_are_not_chosen(self, stage: Stage) -> None:
        """There is nothing to mark in them."""
        assert sorted(picked(stage, pool_of(["", "NaCl", " \n ", "KCl"]), 10)) == [1, 3]
        assert picked(stage, pool_of(["", " "]), 10) == []

    def test_every_choice_has_a_finite_score_and_a_reason(self, stage: Stage) -> None:
        """Scores are kept as JSON and reasons are read by people; a position is an int of Python's own."""
        for choice in stage.select(pool_of(TEXTS, labelled=[2]), 9, np.random.default_rng(0)):
            assert math.isfinite(choice.score)
            assert isinstance(choice.reason, str)
            assert choice.reason
            assert type(choice.position) is int

    def test_the_same_generator_gives_the_same_choices(self, stage: Stage) -> None:
        """Nothing but the pool and the generator decides, also the second time."""
        pool = pool_of(TEXTS)
        assert stage.select(pool, 6, np.random.default_rng(5)) == stage.select(pool, 6, np.random.default_rng(5))

    def test_another_object_of_the_stage_gives_the_same_choices(self, make: Make) -> None:
        """A selection goes on in another process: nothing is remembered from one call for the next."""
        used = make(tools())
        picked(used, pool_of(TEXTS[::-1]), 3)
        assert picked(make(tools()), pool_of(TEXTS), 6) == picked(used, pool_of(TEXTS), 6)

    def test_chance_outside_is_left_alone(self, stage: Stage) -> None:
        """Chance comes from the generator that is given, never from numpy's own."""
        with untouched_chance():
            picked(stage, pool_of(TEXTS), 5)

    @pytest.mark.parametrize("labelled", [(), (3, 8)])
    def test_a_smaller_n_gives_a_prefix(self, stage: Stage, labelled: tuple[int, ...]) -> None:
        """Budgets of tokens and minutes are spent by asking for more and keeping the beginning."""
        pool = pool_of(TEXTS, labelled)
        whole = picked(stage, pool, len(TEXTS))
        for n in range(len(TEXTS)):
            assert picked(stage, pool, n) == whole[:n]

    @pytest.mark.parametrize("n", [0, 1, 5])
    def test_an_empty_and_an_exhausted_pool_give_nothing(self, stage: Stage, n: int) -> None:
        """No error either."""
        assert picked(stage, pool_of([]), n) == []
        assert picked(stage, pool_of(TEXTS, labelled=range(len(TEXTS))), n) == []

    @pytest.mark.parametrize("texts", ODD_POOLS.values(), ids=ODD_POOLS)
    def test_odd_pools_are_picked_to_the_end(self, stage: Stage, texts: tuple[str, ...]) -> None:
        """Equal texts, texts without words, a single text."""
        assert sorted(picked(stage, pool_of(texts), 10)) == list(range(len(texts)))
        assert len(picked(stage, pool_of(texts), 1)) == 1

    def test_any_small_pool_keeps_the_promises(self, make: Make) -> None:
        """A hundred pools of a few letters, the same ones each time."""
        rng = np.random.default_rng(0)
        for _ in range(100):
            texts = ["".join(rng.choice(list("ab ."), rng.integers(0, 9))) for _ in range(rng.integers(0, 9))]
            pool = pool_of(texts, np.flatnonzero(rng.random(len(texts)) < 0.3).tolist())
            found, whole = picked(make(tools()), pool, 3), picked(make(tools()), pool, len(texts))
            assert found == whole[:3], (texts, pool.labelled)
            assert sorted(whole) == pool.candidates.tolist(), (texts, pool.labelled)
