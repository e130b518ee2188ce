from functools import partial

import numpy as np
import pytest
from made_measured import made

from eval.compare.compare import compare

compared = partial(compare, data="bc5cdr", n=300)


def test_each_type_goes_to_the_arm_that_is_better_at_it():
    # the llm finds every chemical and no disease, the tagger the other way round
    measured = [made("llm", [[1, 0]] * 20), made("tagger", [[0, 1]] * 20)]
    found = compared(measured, "llm", "tagger").routing
    assert found.choice == {"Chemical": "llm", "Disease": "tagger"}
    assert (found.f1, found.best_single, found.n_docs) == (1, 0.5, 20)
    assert (found.gain.difference, found.gain.low, found.gain.high) == (0.5, 0.5, 0.5)


def test_where_one_arm_is_better_at_everything_routing_gains_nothing():
    measured = [made("llm", [[1, 1]] * 6), made("tagger", [[0, 1], [1, 0]] * 3)]
    found = compared(measured, "llm", "tagger").routing
    assert found.choice == {"Chemical": "llm", "Disease": "llm"}
    assert (found.gain.difference, found.gain.low, found.gain.high) == (0, 0, 0)


def test_a_type_at_which_both_are_even_goes_to_the_better_arm():
    measured = [made("llm", [[1, 0]] * 6), made("tagger", [[1, 1]] * 6)]
    assert compared(measured, "llm", "tagger").routing.choice == {
        "Chemical": "tagger",
        "Disease": "tagger",
    }


def test_each_text_is_tagged_by_the_choice_of_the_other_half():
    # Two texts, so each is half: on x the llm has chemicals and the tagger diseases, on y the other way round.
    measured = [made("llm", [[1, 0], [0, 1]]), made("tagger", [[0, 1], [1, 0]])]
    found = compared(measured, "llm", "tagger").routing
    assert (found.f1, found.best_single, found.gain.difference) == (0, 0.5, -0.5)


def test_a_text_is_in_the_same_half_in_every_seed():
    # as above in each seed: were the halves drawn anew, a choice would meet the text that it was made on
    measured = [
        made(arm, right, seed=s)
        for s in range(8)
        for arm, right in (("llm", [[1, 0], [0, 1]]), ("tagger", [[0, 1], [1, 0]]))
    ]
    assert compared(measured, "llm", "tagger").routing.f1 == 0


def test_arms_of_one_quality_gain_nothing_on_average():
    rng = np.random.default_rng(3)
    gains = []
    for _ in range(60):
        both = [made(arm, rng.integers(0, 2, (40, 2)).tolist()) for arm in ("llm", "tagger")]
        gains.append(compared(both, "llm", "tagger", n=1).routing.gain.difference)
    # measured on the texts that it was chosen on, it would gain 0.03
    assert np.mean(gains) < 0.005


def test_it_is_told_of_the_largest_budget():
    measured = [made(arm, [[1, 1]] * 4, n_texts=n) for arm in ("llm", "tagger") for n in (10, 20)]
    assert compared(measured, "llm", "tagger").routing.budget == "20"


@pytest.mark.parametrize("right", [[1, 0, 1], [[1, 0]]], ids=["one label", "one text"])
def test_without_two_labels_and_two_texts_there_is_none_and_a_note_says_why(right):
    found = compared([made("llm", right), made("tagger", right)], "llm", "tagger")
    assert found.routing is None
    assert "no routing by type: it takes two labels and two test texts" in found.notes
    assert "routing" not in found.render().split("note:")[0]
