"""What an encoder learns from: its windows with their tags, and the loss of some of them."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from allabel.active.base import IntArray
from allabel.active.sentence import OUTSIDE, Sentence
from allabel.active.taggers.encoder_batches import batch_of, on_device, padded
from allabel.active.taggers.encoder_dropout import QuickDropout
from allabel.active.taggers.encoder_model import EncoderModel
from allabel.active.taggers.windows import Window

_UNKNOWN = -100


class Lesson:
    """Sentences as windows that have a known tag, and the loss on them.

    label_smoothing: share of the loss that asks for all tags alike; without a CRF only. masked: share of pieces that
    the encoder sees as [MASK]. later_pieces: the weight of the loss on pieces that continue a word, which should
    continue its entity; 0 where only the first pieces learn.
    """

    def __init__(
        self,
        model: EncoderModel,
        sentences: Sequence[Sentence],
        tags: Sequence[str],
        *,
        label_smoothing: float = 0.0,
        masked: float = 0.0,
        later_pieces: float = 0.0,
    ) -> None:
        self._model, self._smoothing, self._masked, self._later = model, label_smoothing, masked, later_pieces
        place = {tag: i for i, tag in enumerate(tags)}
        gold = [
            np.array([_UNKNOWN if tag is None else place[tag] for tag in sentence.tags], dtype=np.int64)
            for sentence in sentences
        ]
        # The tag of a word's later pieces: an entity goes on in them.
        self._onward = np.array([place["I-" + tag[2:]] if tag != OUTSIDE else i for i, tag in enumerate(tags)])
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
        ids = batch.ids
        if self._masked:
            # Never the special pieces, whose shape is 0.
            hidden = (torch.rand(ids.shape, device=ids.device) < self._masked) & (batch.shapes > 0)
            ids = ids.masked_fill(hidden, model.tokenizer.mask_token_id)
        with QuickDropout():
            scores = model.network(batch, ids)
        words = scores[batch.rows, batch.columns]
        if model.network.crf is not None:
            loss = self._of_chains(words, gold, [len(window.words) for window in windows])
        else:
            loss = nn.functional.cross_entropy(
                words, on_device(gold, model.device), ignore_index=_UNKNOWN, label_smoothing=self._smoothing
            )
        if self._later:
            loss = loss + self._later * self._of_later_pieces(scores, windows, gold)
        return loss

    def _of_chains(self, words: Tensor, gold: IntArray, lengths: Sequence[int]) -> Tensor:
        device, n_tags = words.device, words.shape[1]
        crf = self._model.network.crf
        assert crf is not None
        rows, columns = padded(lengths, device)
        scores = words.new_zeros(len(lengths), max(lengths), n_tags).index_put((rows, columns), words)
        may = on_device((gold[:, None] == np.arange(n_tags)) | (gold[:, None] == _UNKNOWN), device)
        allowed = torch.ones_like(scores, dtype=torch.bool).index_put((rows, columns), may)
        total = crf.loss(scores, allowed, on_device(np.asarray(lengths, dtype=np.int64), device))
        return total / int((gold != _UNKNOWN).sum())

    def _of_later_pieces(self, scores: Tensor, windows: Sequence[Window], gold: IntArray) -> Tensor:
        sizes = np.concatenate([window.sizes for window in windows]) - 1
        firsts = np.concatenate([window.firsts for window in windows])
        rows = np.repeat(np.arange(len(windows)), [len(window.words) for window in windows])
        sizes = np.where(gold == _UNKNOWN, 0, sizes)
        words = np.repeat(np.arange(len(gold)), sizes)
        if not len(words):
            return scores.new_zeros(())
        nth = np.arange(len(words)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        device = scores.device
        found = scores[on_device(rows[words], device), on_device(firsts[words] + 1 + nth, device)]
        return nn.functional.cross_entropy(found, on_device(self._onward[gold[words]], device))
