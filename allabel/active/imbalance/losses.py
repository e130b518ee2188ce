"""Losses of a word's decision for rare tags, with their gradients, on arrays. Source: Wang & Wang 2022, appendix B."""

from collections.abc import Callable, Mapping

import numpy as np

from allabel.active.base import FloatArray, IntArray

# Probabilities and gold tags to each word's loss and the loss's gradient by the scores before the softmax.
WordLoss = Callable[[FloatArray, IntArray], tuple[FloatArray, FloatArray]]
FOCUS = 2.0
SMOOTHING = 1.0
_LEAST = 1e-300


def cross_entropy(probabilities: FloatArray, gold: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return `-log p_c`, (n,), and its gradient, (n, k). probabilities: (n, k), rows sum to 1. gold: (n,)."""
    return -np.log(_of_gold(probabilities, gold)), probabilities - _one_hot(gold, probabilities.shape[1])


def focal(probabilities: FloatArray, gold: IntArray, gamma: float = FOCUS) -> tuple[FloatArray, FloatArray]:
    """Return `-(1 - p_c)^gamma log p_c`, (n,), and its gradient, (n, k). Source: Lin et al. 2017."""
    p = _of_gold(probabilities, gold)
    rest, log = 1 - p, np.log(p)
    weight = rest**gamma
    # gamma p (1 - p)^(gamma - 1) log p, which goes to 0 where p goes to 1.
    bend = gamma * p * log * np.where(rest > 0, rest, 1.0) ** (gamma - 1) * (rest > 0)
    along = (weight - bend)[:, None] * (probabilities - _one_hot(gold, probabilities.shape[1]))
    return -weight * log, along


def dice(probabilities: FloatArray, gold: IntArray, gamma: float = SMOOTHING) -> tuple[FloatArray, FloatArray]:
    """Return the Dice loss of each word, (n,), and its gradient, (n, k). Source: Li et al. 2020, as in appendix B.

    `1 - (gamma + 2 p_c) / (gamma + p_c^2 + 1) + sum over the others of 1 - gamma / (gamma + p_j^2)`.
    """
    one_hot = _one_hot(gold, probabilities.shape[1])
    p, square = _of_gold(probabilities, gold), probabilities**2
    others = (square / (gamma + square)) * (1 - one_hot)
    loss = 1 - (gamma + 2 * p) / (gamma + p**2 + 1) + others.sum(axis=1)
    a = 2 * (1 - p) * (1 + gamma + p) * p / (gamma + p**2 + 1) ** 2
    b = 2 * gamma * square / (gamma + square) ** 2 * (1 - one_hot)
    gradient = a[:, None] * (probabilities - one_hot) + b - b.sum(axis=1, keepdims=True) * probabilities
    return loss, gradient


LOSSES: Mapping[str, WordLoss] = {"cross_entropy": cross_entropy, "focal": focal, "dice": dice}


def _of_gold(probabilities: FloatArray, gold: IntArray) -> FloatArray:
    return np.maximum(probabilities[np.arange(len(gold)), gold], _LEAST)


def _one_hot(gold: IntArray, n_tags: int) -> FloatArray:
    return np.asarray(gold[:, None] == np.arange(n_tags), dtype=np.float64)
