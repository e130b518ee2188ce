"""Each promise of `StageContract` is broken by a strategy, and the contract says so."""

from typing import Any

import broken_stages as broken
import pytest
from contract_cases import breaks, promises_of, run

from allabel.testing import StageContract
from allabel.testing.stage import tools

BREAKS = {
    "test_it_has_a_name_and_says_whether_it_needs_annotations": ["Nameless"],
    "test_it_picks_candidates_only_each_once_and_as_many_as_there_are": ["Labelled", "Twice", "TooFew", "OneTooMany"],
    "test_spare_near_duplicates_are_not_chosen": ["Spare"],
    "test_blank_texts_are_not_chosen": ["Blank"],
    "test_every_choice_has_a_finite_score_and_a_reason": ["Infinite", "WithoutReason", "NumpyPosition"],
    "test_the_same_generator_gives_the_same_choices": ["OwnChance", "Remembering"],
    "test_another_object_of_the_stage_gives_the_same_choices": ["OwnChance", "Remembering"],
    "test_chance_outside_is_left_alone": ["NumpysChance"],
    "test_a_smaller_n_gives_a_prefix": ["NoPrefix"],
    "test_an_empty_and_an_exhausted_pool_give_nothing": ["FailsOnNothing"],
    "test_odd_pools_are_picked_to_the_end": ["DropsEqualTexts"],
    "test_any_small_pool_keeps_the_promises": ["FailsOnLetters", "DropsEqualTexts"],
}


def given(stage: Any) -> dict[str, Any]:
    return {"make": stage, "stage": lambda: stage(tools())}


def test_every_promise_has_a_strategy_that_breaks_it() -> None:
    assert sorted(BREAKS) == promises_of(StageContract)


@pytest.mark.parametrize(("promise", "name"), [(promise, name) for promise, names in BREAKS.items() for name in names])
def test_a_strategy_that_breaks_a_promise_fails_there(promise: str, name: str) -> None:
    assert breaks(StageContract(), promise, given(getattr(broken, name)))


@pytest.mark.parametrize("promise", BREAKS)
def test_a_strategy_that_keeps_all_passes(promise: str) -> None:
    run(StageContract(), promise, given(broken.Longest))
