"""What annotation costs: an assumption first, then what was measured."""

import numpy as np
import pytest

from allabel.select.cost import CostModel, Logged


def logged(n: int, a: float, b: float, c: float, noise: float = 0.0, seed: int = 0) -> list[Logged]:
    rng = np.random.default_rng(seed)
    sizes = [(int(t), int(e)) for t, e in zip(rng.integers(5, 60, n), rng.integers(0, 9, n), strict=True)]
    return [Logged(t, e, (a + b * t + c * e) * float(np.exp(noise * rng.normal()))) for t, e in sizes]


def test_before_anything_is_logged_the_assumption_stands_and_says_so() -> None:
    model = CostModel.fit([])
    assert model == CostModel()
    assert "an assumption, no time is logged yet" in str(model)
    assert model.minutes(20, 2) == pytest.approx((5 + 0.35 * 20 + 3 * 2) / 60)
    assert model.minutes_of(np.array([20.0])).tolist() == pytest.approx([model.minutes(20, 2)])


def test_many_logged_times_outweigh_the_assumption() -> None:
    model = CostModel.fit(logged(400, 20, 1.2, 6, noise=0.3))
    assert model.n_logged == 400
    assert "stands on 400 logged times" in str(model)
    for n_tokens, n_entities in ((10, 1), (30, 4), (60, 8)):
        assert model.minutes(n_tokens, n_entities) == pytest.approx(
            (20 + 1.2 * n_tokens + 6 * n_entities) / 60, rel=0.12
        )


def test_three_logged_times_move_the_model_towards_them_and_not_into_nonsense() -> None:
    slow = [Logged(10, 0, 60.0), Logged(12, 3, 20.0), Logged(11, 1, 45.0)]
    model = CostModel.fit(slow)
    assert min(model.fixed_s, model.per_token_s, model.per_entity_s) >= 0
    before, after = CostModel().minutes(11, 1), model.minutes(11, 1)
    assert before < after < 42 / 60
    assert model.minutes(100, 10) < 10 * CostModel().minutes(100, 10)


def test_pauses_are_left_out_and_counted() -> None:
    times = logged(30, 5, 0.5, 2)
    model = CostModel.fit([*times, Logged(10, 1, 3600.0)])
    assert (model.n_logged, model.n_pauses) == (30, 1)
    assert "1 left out as pauses" in str(model)
    without = CostModel.fit(times)
    assert model.minutes(20, 2) == pytest.approx(without.minutes(20, 2), rel=1e-6)


def test_the_density_of_entities_comes_from_all_annotated_texts_timed_or_not() -> None:
    annotated = [Logged(100, 30) for _ in range(50)]
    model = CostModel.fit(annotated)
    assert model.n_logged == 0
    assert model.entities_per_token == pytest.approx(0.3, abs=0.01)
    assert (model.fixed_s, model.per_token_s, model.per_entity_s) == (5.0, 0.35, 3.0)
    assert CostModel.fit([Logged(3, 0)]).entities_per_token > 0.09


def test_a_text_without_a_token_can_be_logged() -> None:
    assert CostModel.fit([Logged(0, 0, 2.0)]).n_logged == 1
