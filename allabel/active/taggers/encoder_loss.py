"""What an encoder learns from: its windows with their tags, and the loss of some of them."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from allabel.active.base import IntArray
from allabel.active.sentence import Sentence
from allabel.active.taggers.crf_layer import CrfLayer
from allabel.active.taggers.encoder_batches import batch_of, on_device, padded
from allabel.active.taggers.encoder_dropout import QuickDropout
from allabel.active.taggers.encoder_model import EncoderModel
from allabel.active.taggers.word_loss import WordLossName, word_losses

_UNKNOWN = -100


class Lesson:
    """Sentences as windows that have a known tag, and the loss on them.

    loss: of a word's decision, where the network has no CRF.
    """

    def __init__(
        self,
        model: EncoderModel,
        sentences: Sequence[Sentence],
        tags: Sequence[str],
        *,
        loss: WordLossName,
    ) -> None:
        self._model, self._loss = model, loss
        place = {tag: i for i, tag in enumerate(tags)}
        gold = [
            np.array([_UNKNOWN if tag is None else place[tag] for tag in sentence.tags], dtype=np.int64)
            for sentence in sentences
        ]
        every = [(window, gold[window.sentence][window.words]) for window in model.pieces.windows(sentences)]
        known = [(window, some) for window, some in every if (some != _UNKNOWN).any()]
        self.windows = [window for window, _ in known]
        self._gold = [some for _, some in known]

    @property
    def lengths(self) -> list[int]:
        """The pieces of each window."""
        return [len(window.ids) for window in self.windows]

    def loss(self, positions: IntArray) -> Tensor:
        """Return the mean loss of a known word in the windows at these positions."""
        model = self._model
        windows = [self.windows[i] for i in positions]
        gold = np.concatenate([self._gold[i] for i in positions])
        batch = batch_of(windows, model.pad, model.device)
        with QuickDropout():
            words = model.network(batch)[batch.rows, batch.columns]
        crf = model.network.crf
        if crf is not None:
            return _of_chains(crf, words, gold, [len(window.words) for window in windows])
        told = on_device(np.flatnonzero(gold != _UNKNOWN), model.device)
        tags = on_device(gold[gold != _UNKNOWN], model.device)
        return word_losses(words[told], nn.functional.one_hot(tags, words.shape[1]).bool(), self._loss).mean()


def _of_chains(crf: CrfLayer, words: Tensor, gold: IntArray, lengths: Sequence[int]) -> Tensor:
    device, n_tags = words.device, words.shape[1]
    rows, columns = padded(lengths, device)
    scores = words.new_zeros(len(lengths), max(lengths), n_tags).index_put((rows, columns), words)
    may = on_device((gold[:, None] == np.arange(n_tags)) | (gold[:, None] == _UNKNOWN), device)
    allowed = torch.ones_like(scores, dtype=torch.bool).index_put((rows, columns), may)
    total = crf.loss(scores, allowed, on_device(np.asarray(lengths, dtype=np.int64), device))
    return total / int((gold != _UNKNOWN).sum())
