"""How much is bought in each round."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allabel.active.schedules import DEEP, PAPER, Schedule
from allabel.errors import BudgetError


def spent(text, n_words, over=0):
    """Return the budgets of all rounds, each of which goes over by some words."""
    schedule, bought, found = Schedule.parse(text), 0, []
    for number in range(1, 100):
        budget = schedule.budget(number, n_words, bought)
        if budget is None:
            break
        found.append(budget[0])
        bought += budget[0] + over
    return found


def test_the_papers_schedule_has_25_rounds_and_about_80_per_cent():
    assert spent(PAPER, 10_000) == [100] * 14 + [250] * 4 + [500] * 3 + [1000] * 4
    assert sum(spent(PAPER, 10_000)) == 7900


def test_shares_of_a_pool_that_cannot_be_divided_do_not_drift():
    assert sum(spent(PAPER, 12_345)) == pytest.approx(0.79 * 12_345, abs=1)


def test_what_a_round_went_over_is_taken_off_the_next():
    assert spent("100wordsx3", 10_000, over=30) == [100, 70, 70]


def test_a_round_buys_something_even_where_the_one_before_went_far_over():
    assert spent("10wordsx3", 10_000, over=500) == [10, 1, 1]


def test_a_single_amount_is_for_every_round():
    schedule = Schedule.parse(DEEP)
    assert schedule.budget(1, 10**6, 0) == (20_000, "words")
    assert schedule.budget(40, 10**6, 39 * 20_000) == (20_000, "words")
    assert Schedule.parse("50 sentences").budget(7, 10**6, 0) == (50, "sentences")


def test_an_arbitrary_list_ends_with_its_last_round():
    assert spent("100words, 200words,400tokens", 5000) == [100, 200, 400]
    assert spent("5%x1", 1000) == [50]
    assert Schedule.parse("50sentencesx2,1%").budget(3, 1000, 777) == (10, "words")


@pytest.mark.parametrize(
    "text", ["", "1%x", "x3", "1.5words", "0words", "-5words", "120%", "5apples", "1%x0", "1%,,2%"]
)
def test_what_cannot_be_read_is_named(text):
    with pytest.raises(BudgetError) as error:
        Schedule.parse(text)
    assert text in str(error.value)


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 5)), min_size=1, max_size=5), st.integers(50, 5000))
def test_the_sum_of_all_rounds_is_the_sum_of_the_shares(steps, n_words):
    text = ",".join(f"{share}%x{times}" for share, times in steps)
    budgets = spent(text, n_words)
    assert len(budgets) == sum(times for _, times in steps)
    if min(budgets) > 1:
        assert sum(budgets) == pytest.approx(n_words * sum(s * t for s, t in steps) / 100, abs=1)
