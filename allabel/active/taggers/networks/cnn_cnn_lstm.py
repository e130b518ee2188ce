"""The network of the deep active learning paper, put together."""

import torch
from torch import Tensor

from allabel.active.taggers.networks.batch import Batch
from allabel.active.taggers.networks.decoder import TagDecoder
from allabel.active.taggers.networks.dropped import Dropped
from allabel.active.taggers.networks.network import Network, inside, partial_loss
from allabel.active.taggers.networks.word_cnn import WordCnn
from allabel.active.taggers.networks.words import WordFeatures


class CnnCnnLstm(Network):
    """Characters and words by convolution, tags by an LSTM, greedily. Source: Shen et al. 2017, section 2."""

    def __init__(self, features: WordFeatures, encoder: WordCnn, decoder: TagDecoder, *, free_running: bool) -> None:
        super().__init__()
        self.features, self.encoder, self.decoder, self._free_running = features, encoder, decoder, free_running

    def loss(self, batch: Batch) -> Tensor:
        """Return the mean loss with the known tags given; those not known are written first."""
        assert batch.allowed is not None
        encoded, mask = self.encode(batch), inside(batch.lengths, batch.allowed.shape[1])
        given = batch.allowed
        if self._free_running and bool((given.sum(dim=2) > 1)[mask].any()):
            given = self._written(encoded.detach(), batch, given)
        return partial_loss(self.decoder(encoded, given), batch.allowed, mask, self.word_loss)

    def encode(self, batch: Batch, spelled: Tensor | None = None) -> Tensor:
        """Return (b, n, size), without [BOS] and [EOS]."""
        mask = inside(batch.lengths + 2, batch.words.shape[1])
        return torch.as_tensor(self.encoder(self.features(batch, spelled), mask)[:, 1:-1])

    def decide(self, encoded: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return the greedily written tags, and their log-probability by the chain rule."""
        written = self.decoder.greedy(encoded, lengths)
        logs = written.log_probabilities.gather(2, written.tags[:, :, None])[:, :, 0]
        return written.tags, (logs * inside(lengths, logs.shape[1])).sum(dim=1)

    def probabilities(self, encoded: Tensor, lengths: Tensor) -> Tensor:
        """Return the distribution at each step, given the tags written before it."""
        return self.decoder.greedy(encoded, lengths).log_probabilities.exp()

    def passes(self, encoded: Tensor, lengths: Tensor, n_passes: int, dropped: Dropped) -> Tensor:
        """Return greedy passes with dropout on what goes into the decoder and on what it gives."""
        return self.decoder.passes(encoded, lengths, n_passes, dropped)

    @torch.no_grad()
    def _written(self, encoded: Tensor, batch: Batch, allowed: Tensor) -> Tensor:
        order = batch.lengths.argsort(descending=True, stable=True)
        tags = torch.empty(allowed.shape[:2], dtype=torch.int64, device=allowed.device)
        tags[order] = self.decoder.greedy(encoded[order], batch.lengths[order], allowed[order]).tags
        return torch.nn.functional.one_hot(tags, allowed.shape[2]).bool()
