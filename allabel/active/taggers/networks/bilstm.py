"""The recurrent network: words read from both sides, tags word by word or by a chain."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from allabel.active.taggers.crf_layer import CrfLayer
from allabel.active.taggers.networks.batch import Batch
from allabel.active.taggers.networks.dropped import Dropped
from allabel.active.taggers.networks.network import Network, inside, partial_loss
from allabel.active.taggers.networks.words import WordFeatures


class BiLstm(Network):
    """Words' vectors through an LSTM from either side to scores of tags; a CRF over them, or a softmax a word.

    size: of the states of each side. Source: Lample et al. 2016.
    """

    def __init__(self, features: WordFeatures, tags: Sequence[str], *, size: int, dropout: float, crf: bool) -> None:
        super().__init__()
        self.features = features
        self.lstm = nn.LSTM(features.size, size, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(2 * size, len(tags))
        self.crf = CrfLayer(tags) if crf else None

    def loss(self, batch: Batch) -> Tensor:
        """Return the mean over words of minus the log-probability of what is known of them, summed over the rest."""
        assert batch.allowed is not None
        scores = self.out(self.dropout(self.encode(batch)))
        mask = inside(batch.lengths, scores.shape[1])
        if self.crf is None:
            return partial_loss(scores, batch.allowed, mask, self.word_loss)
        told = mask & ~batch.allowed.all(dim=2)
        return self.crf.loss(scores.float(), batch.allowed, batch.lengths) / told.sum().clamp(min=1)

    def encode(self, batch: Batch, spelled: Tensor | None = None) -> Tensor:
        """Return the states of both sides, (b, n, 2 x size), without [BOS] and [EOS]."""
        packed = nn.utils.rnn.pack_padded_sequence(
            self.features(batch, spelled), batch.lengths.cpu() + 2, batch_first=True, enforce_sorted=False
        )
        states, _ = nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        return torch.as_tensor(states[:, 1:-1])

    def decide(self, encoded: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return the likeliest sequence of the chain; without one, the likeliest tag of each word."""
        return self._decided(self.out(encoded), lengths)

    def probabilities(self, encoded: Tensor, lengths: Tensor) -> Tensor:
        """Return the marginals of the chain; without one, the softmax."""
        scores = self.out(encoded)
        if self.crf is None:
            return torch.as_tensor(scores.softmax(dim=2))
        return self.crf.marginals(scores, lengths)

    def passes(self, encoded: Tensor, lengths: Tensor, n_passes: int, dropped: Dropped) -> Tensor:
        """Return decisions with dropout on the states, (b, n_passes, n)."""
        copies = dropped(encoded.repeat_interleave(n_passes, dim=0), self.dropout.p)
        tags, _ = self._decided(self.out(copies), lengths.repeat_interleave(n_passes))
        return tags.view(len(encoded), n_passes, -1)

    def _decided(self, scores: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        if self.crf is not None:
            return self.crf.decode(scores, lengths)
        best, tags = scores.log_softmax(dim=2).max(dim=2)
        return tags, (best * inside(lengths, scores.shape[1])).sum(dim=1)
