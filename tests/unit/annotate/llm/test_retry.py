"""Why a request failed, how long to wait, and how fast to go."""

import numpy as np
import pytest

from allabel.annotate.llm.pace import Pace, Rate
from allabel.annotate.llm.retry import Cause, Policy, cause_of


def test_waits_double_up_to_the_cap_and_are_jittered() -> None:
    policy, rng = Policy(base_s=1.0, cap_s=8.0, away_cap_s=2.0), np.random.default_rng(0)
    waits = [policy.wait_s(Cause.OVERLOAD, n, None, rng) for n in range(6)]
    for wait, step in zip(waits, [1, 2, 4, 8, 8, 8], strict=True):
        assert step / 2 <= wait <= step
    assert len(set(waits)) == 6
    assert policy.wait_s(Cause.AWAY, 1000, None, rng) <= 2.0


def test_the_same_seed_waits_the_same() -> None:
    policy = Policy()
    first, second = (
        [policy.wait_s(Cause.TRANSIENT, n, None, np.random.default_rng(3)) for n in range(4)] for _ in range(2)
    )
    assert first == second


def test_nobody_comes_back_before_the_server_asked_for() -> None:
    rng = np.random.default_rng(0)
    waits = [Policy(base_s=1.0).wait_s(Cause.OVERLOAD, 0, 30.0, rng) for _ in range(20)]
    assert min(waits) >= 30.0
    assert max(waits) <= 31.0
    assert len(set(waits)) == 20


def test_how_often_a_request_is_tried_is_by_cause() -> None:
    policy = Policy(retries=2, overload_retries=5)
    assert [policy.allows(Cause.TRANSIENT, n) for n in (0, 1, 2)] == [True, True, False]
    assert [policy.allows(Cause.OVERLOAD, n) for n in (4, 5)] == [True, False]
    assert policy.allows(Cause.AWAY, 1000)
    assert not policy.allows(Cause.FINAL, 0)


def test_a_deadline_passes_and_a_mistake_of_ours_does_not() -> None:
    assert cause_of(TimeoutError()) is Cause.TRANSIENT
    assert cause_of(ValueError()) is Cause.FINAL


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_rate_lets_a_second_s_worth_out_at_once_and_the_rest_evenly() -> None:
    rate = Rate(4 * 60, Clock())
    waits = [rate.take(1) for _ in range(8)]
    assert waits == pytest.approx([0, 0, 0, 0, 0, 0.25, 0.5, 0.75])


def test_a_rate_does_not_save_up_more_than_a_second() -> None:
    clock = Clock()
    rate = Rate(60, clock)
    clock.now += 3600
    assert [rate.take(1) for _ in range(4)] == pytest.approx([0, 0, 1, 2])


def test_tokens_that_were_not_used_are_given_back() -> None:
    clock = Clock()
    pace = Pace(tokens=Rate(600, clock), clock=clock)
    assert pace.take(100) == 0
    assert pace.take(10) == pytest.approx(9)
    pace.correct(100, 20)
    assert pace.take(10) == pytest.approx(2)


def test_a_pace_without_limits_holds_only_for_the_server() -> None:
    clock = Clock()
    pace = Pace(clock=clock)
    assert pace.take(10**9) == 0
    pace.hold(5)
    pace.hold(2)
    assert pace.take(1) == pytest.approx(5)
    clock.now += 6
    assert pace.take(1) == 0


def test_a_rate_that_lets_nothing_through_is_refused() -> None:
    with pytest.raises(ValueError, match="lets nothing through"):
        Rate(0)
