"""The losses of a word's decision in torch: cross-entropy, focal and Dice."""

from typing import Literal, get_args

import torch
from torch import Tensor

from allabel.errors import InputError

WordLossName = Literal["cross_entropy", "focal", "dice"]
FOCUS = 2.0
SMOOTHING = 10.0


def check_loss(name: str, tagger: str, *, crf: bool) -> None:
    """Raise InputError where there is no such loss, or the tagger decides on whole sentences, by a CRF's own."""
    if name not in get_args(WordLossName):
        raise InputError(f"there is no loss {name!r}", remedy=f"known are {', '.join(get_args(WordLossName))}")
    if crf and name != "cross_entropy":
        raise InputError(
            f"the loss {name} is of one word's decision, and the tagger {tagger} decides on whole sentences by a CRF",
            remedy="leave out the CRF, or take another way with rare types, as scr, which repeats sentences",
        )


def word_losses(scores: Tensor, allowed: Tensor, name: WordLossName = "cross_entropy") -> Tensor:
    """Return each word's loss, (n,). scores: (n, k), before the softmax. allowed: (n, k), the tags it may bear.

    A word that may bear several tags is given the sum of their probabilities. focal: gamma is 2 (Lin et al. 2017).
    dice: gamma is 10, as Wang & Wang 2022 take it for deep models (their appendices A.3 and B).
    """
    logs = scores.float().log_softmax(dim=1)
    log = logs.masked_fill(~allowed, -torch.inf).logsumexp(dim=1)
    if name == "cross_entropy":
        return -log
    if name == "focal":
        # expm1 keeps what is left of 1 where p is nearly 1.
        return -((-torch.expm1(log)).clamp(min=0) ** FOCUS) * log
    p = log.exp()
    others = logs.exp().masked_fill(allowed, 0.0) ** 2
    return 1 - (SMOOTHING + 2 * p) / (SMOOTHING + p**2 + 1) + (others / (SMOOTHING + others)).sum(dim=1)
