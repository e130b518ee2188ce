"""The losses for rare tags, on arrays."""

from math import log

import numpy as np
import pytest

from allabel.active.imbalance.losses import LOSSES, WordLoss, dice, focal

GOLD = np.array([0, 1, 2, 2])


def softmax(scores: np.ndarray) -> np.ndarray:
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_the_gradient_is_what_finite_differences_give(loss: WordLoss) -> None:
    scores = np.random.default_rng(0).normal(size=(4, 3)) * 2
    _, gradient = loss(softmax(scores), GOLD)
    for i, j in np.ndindex(scores.shape):
        step = np.zeros_like(scores)
        step[i, j] = 1e-6
        change = loss(softmax(scores + step), GOLD)[0] - loss(softmax(scores - step), GOLD)[0]
        assert gradient[i, j] == pytest.approx(change.sum() / 2e-6, abs=1e-7)


def test_values_are_those_worked_by_hand() -> None:
    probabilities = np.array([[0.5, 0.3, 0.2]])
    assert focal(probabilities, np.array([0]))[0] == pytest.approx(-(0.5**2) * log(0.5))
    by_hand = 1 - (1 + 2 * 0.5) / (1 + 0.25 + 1) + (1 - 1 / (1 + 0.09)) + (1 - 1 / (1 + 0.04))
    assert dice(probabilities, np.array([0]))[0] == pytest.approx(by_hand)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_a_certain_word_costs_nothing_and_one_that_is_wholly_wrong_has_a_finite_gradient(loss: WordLoss) -> None:
    right, wrong = np.array([[1.0, 0.0, 0.0]]), np.array([[0.0, 1.0, 0.0]])
    value, gradient = loss(right, GOLD[:1])
    assert value == pytest.approx(0, abs=1e-12)
    assert gradient == pytest.approx(0, abs=1e-12)
    value, gradient = loss(wrong, GOLD[:1])
    assert np.isfinite([*value, *gradient.ravel()]).all()
    assert value[0] > 0.5
