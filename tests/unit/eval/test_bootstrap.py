import numpy as np
import pytest

from allabel.errors import InputError
from eval.bootstrap import Interval, mean_interval, paired_bootstrap
from eval.counts import Counts

RIGHT, WRONG = Counts(1, 1, 1), Counts(0, 1, 1)


def test_the_difference_is_that_of_micro_f1_over_all_documents():
    a, b = [Counts(3, 4, 5), Counts(0, 0, 1)], [Counts(1, 2, 5), Counts(1, 1, 1)]
    assert paired_bootstrap(a, b, np.random.default_rng(0)).difference == pytest.approx(6 / 10 - 4 / 9)


def test_a_side_against_itself_differs_by_nothing():
    same = [RIGHT, WRONG, Counts()]
    interval = paired_bootstrap(same, same, np.random.default_rng(0))
    assert interval == Interval(0, 0, 0)
    assert not interval.excludes_zero


def test_a_clear_winner_excludes_zero_and_a_swap_turns_the_sign():
    a, b = [RIGHT] * 40 + [WRONG] * 10, [RIGHT] * 10 + [WRONG] * 40
    there = paired_bootstrap(a, b, np.random.default_rng(0))
    back = paired_bootstrap(b, a, np.random.default_rng(0))
    assert there.excludes_zero
    assert 0 < there.low < there.difference < there.high
    assert (back.low, back.high) == (pytest.approx(-there.high), pytest.approx(-there.low))


def test_the_interval_has_the_width_that_theory_gives():
    # Each document differs by 0 or 1 with probability 1/2: the difference of F1 is a mean of 400 coin tosses.
    a, b = [RIGHT] * 400, [RIGHT, WRONG] * 200
    interval = paired_bootstrap(a, b, np.random.default_rng(1), n=4000)
    assert interval.low == pytest.approx(0.5 - 1.96 * 0.025, abs=0.005)
    assert interval.high == pytest.approx(0.5 + 1.96 * 0.025, abs=0.005)


def test_the_same_seed_gives_the_same_interval():
    a, b = [RIGHT, WRONG, RIGHT], [WRONG, WRONG, RIGHT]
    assert paired_bootstrap(a, b, np.random.default_rng(7)) == paired_bootstrap(a, b, np.random.default_rng(7))


def test_blocks_do_not_change_the_result(monkeypatch):
    a, b = [RIGHT, WRONG, RIGHT, RIGHT], [WRONG, WRONG, RIGHT, Counts()]
    whole = paired_bootstrap(a, b, np.random.default_rng(3), n=100)
    monkeypatch.setattr("eval.bootstrap._BLOCK", 28)
    assert paired_bootstrap(a, b, np.random.default_rng(3), n=100) == whole


def test_documents_without_entities_on_either_side_are_no_division_by_zero():
    assert paired_bootstrap([Counts()] * 3, [Counts()] * 3, np.random.default_rng(0)) == Interval(0, 0, 0)


@pytest.mark.parametrize(("a", "b", "n"), [([], [], 10), ([RIGHT], [], 10), ([RIGHT], [RIGHT], 0)])
def test_what_gives_no_interval_is_refused(a, b, n):
    with pytest.raises(InputError, match="remedy"):
        paired_bootstrap(a, b, np.random.default_rng(0), n=n)


def test_the_t_interval_of_three_seeds():
    # mean 2, s = 1, t(0.975, 2) = 4.302653
    interval = mean_interval([1, 2, 3])
    assert interval.difference == 2
    assert interval.high - 2 == pytest.approx(4.302653 / 3**0.5, abs=1e-6)
    assert 2 - interval.low == pytest.approx(interval.high - 2)


def test_equal_values_have_no_width():
    assert mean_interval([0.5, 0.5]) == Interval(0.5, 0.5, 0.5)


@pytest.mark.parametrize("values", [[], [1.0], [1.0, float("nan")], [1.0, float("inf")]])
def test_too_few_or_infinite_values_are_refused(values):
    with pytest.raises(InputError, match="two or more finite"):
        mean_interval(values)
