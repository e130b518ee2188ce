"""The losses of a word's decision in torch, beside those on arrays."""

from functools import partial

import numpy as np
import pytest
from with_torch import torch

from allabel.active.imbalance.losses import cross_entropy, dice, focal
from allabel.active.taggers.word_loss import SMOOTHING, word_losses

OURS = {"cross_entropy": cross_entropy, "focal": focal, "dice": partial(dice, gamma=SMOOTHING)}


@pytest.mark.parametrize("name", OURS)
def test_values_and_gradients_are_those_on_arrays(name):
    scores = torch.randn(6, 4, generator=torch.Generator().manual_seed(0), requires_grad=True)
    gold = np.array([0, 1, 2, 3, 0, 1])
    losses = word_losses(scores, torch.eye(4)[gold].bool(), name)
    losses.sum().backward()
    values, gradient = OURS[name](scores.detach().softmax(dim=1).double().numpy(), gold)
    assert losses.detach().numpy() == pytest.approx(values, abs=1e-6)
    assert scores.grad.numpy() == pytest.approx(gradient, abs=1e-6)


@pytest.mark.parametrize("name", OURS)
def test_of_several_tags_that_a_word_may_bear_the_sum_counts(name):
    shares = torch.tensor([[0.2, 0.3, 0.1, 0.4]])
    (loss,) = word_losses(shares.log(), torch.tensor([[True, True, False, False]]), name)
    together = np.array([[0.5, 0.1, 0.4]])
    assert loss.item() == pytest.approx(OURS[name](together, np.array([0]))[0][0], abs=1e-6)


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("score", [1e4, -1e4])
def test_certainty_has_finite_gradients(name, score):
    scores = torch.tensor([[score, 0.0, 0.0]], requires_grad=True)
    word_losses(scores, torch.tensor([[True, False, False]]), name).sum().backward()
    assert scores.grad.isfinite().all()
