"""What every small network can do, and the loss of words whose tag is partly known."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from allabel.active.taggers.networks.batch import Batch
from allabel.active.taggers.networks.dropped import Dropped
from allabel.active.taggers.networks.words import WordFeatures
from allabel.active.taggers.word_loss import WordLossName, word_losses


class Network(nn.Module, ABC):
    """Words in, IOBES tags out. Batches come longest sentence first; what stands in padding means nothing.

    features: what the words' vectors are made by. word_loss: of a word's decision, where each is decided by itself.
    """

    features: WordFeatures
    word_loss: WordLossName = "cross_entropy"

    @abstractmethod
    def loss(self, batch: Batch) -> Tensor:
        """Return the mean loss over the words of which something is known."""

    @abstractmethod
    def encode(self, batch: Batch, spelled: Tensor | None = None) -> Tensor:
        """Return each word's vector in its sentence, (b, n, size): all that lies before the last dropouts."""

    @abstractmethod
    def decide(self, encoded: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return the tags, (b, n), and the log-probability of each sentence's tags together, (b,)."""

    @abstractmethod
    def probabilities(self, encoded: Tensor, lengths: Tensor) -> Tensor:
        """Return each word's distribution over IOBES tags, (b, n, k)."""

    @abstractmethod
    def passes(self, encoded: Tensor, lengths: Tensor, n_passes: int, dropped: Dropped) -> Tensor:
        """Return the tags of so many passes with dropout after `encode`, (b, n_passes, n)."""


def partial_loss(logits: Tensor, allowed: Tensor, mask: Tensor, name: WordLossName) -> Tensor:
    """Return the mean loss of the allowed tags' summed probability, over words not all of whose tags are.

    logits: (b, n, k). allowed: (b, n, k), at least one a word. mask: (b, n). name: see `word_losses`.
    Source: Tsuboi et al. 2008.
    """
    told = mask & ~allowed.all(dim=2)
    losses = word_losses(logits[told], allowed[told], name)
    return losses.sum() / max(1, len(losses))


def inside(lengths: Tensor, n: int) -> Tensor:
    """Return which positions are words: (b, n)."""
    return torch.arange(n, device=lengths.device) < lengths[:, None]
