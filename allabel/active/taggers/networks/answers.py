"""What a trained network says of sentences: batches of like length, IOBES inside, IOB2 outside."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from allabel.active.base import FloatArray, IntArray, Prediction
from allabel.active.sentence import Sentence
from allabel.active.taggers import devices
from allabel.active.taggers.iobes import Iobes
from allabel.active.taggers.networks.batch import Batch, Rows
from allabel.active.taggers.networks.dropped import Dropped
from allabel.active.taggers.networks.network import Network

_WORDS_AT_ONCE = 2048  # padding included: what a batch of them needs stays in cache
_COPIES_AT_ONCE = 512  # sentences times passes that are written side by side


class Answers:
    """Asks a network. rows: sentences as numbers, by the vocabulary that the network was trained with."""

    def __init__(
        self, network: Network, scheme: Iobes, rows: Callable[[Sequence[Sentence]], Rows], device: torch.device
    ) -> None:
        self._network, self._scheme, self._rows, self._device = network, scheme, rows, device

    @torch.inference_mode()
    def ask(
        self, sentences: Sequence[Sentence], *, tags: bool = False, proba: bool = False
    ) -> tuple[list[Prediction], list[FloatArray]]:
        """Return the decisions (see `Iobes.read`) and the distributions of each sentence, as far as asked for.

        The log-probability is of the network's own tags. Of the (n_words, n_tags), `B-` sums B and S, `I-` I and E.
        """
        predictions = [Prediction((), 0.0)] * len(sentences)
        distributions = [np.empty((0, len(self._scheme.iob2)))] * len(sentences)
        for chosen, batch, encoded in self.encoded(sentences):
            if tags:
                decided, logs = self._network.decide(encoded, batch.lengths)
                read = self._scheme.read(decided.cpu().numpy())
                for i, own, log in zip(chosen, read, logs.tolist(), strict=True):
                    named = tuple(self._scheme.iob2[tag] for tag in own[: len(sentences[i])])
                    predictions[i] = Prediction(named, min(0.0, log))
            if proba:
                found = self._network.probabilities(encoded, batch.lengths).double().cpu().numpy()
                for i, own in zip(chosen, found, strict=True):
                    summed = self._scheme.summed(own[: len(sentences[i])])
                    distributions[i] = summed / summed.sum(axis=1, keepdims=True)
        return predictions, distributions

    @torch.inference_mode()
    def sample(self, sentences: Sequence[Sentence], n_passes: int, seed: int) -> list[IntArray]:
        """Return (n_passes, n_words) IOB2 positions for each sentence, of passes with dropout after the encoder."""
        found = [np.empty((n_passes, 0), dtype=np.int64)] * len(sentences)
        dropped = Dropped(seed)
        at_once = max(1, _COPIES_AT_ONCE // max(1, n_passes))
        for chosen, batch, encoded in self.encoded(sentences):
            for start in range(0, len(chosen), at_once):
                lengths = batch.lengths[start : start + at_once]
                some = encoded[start : start + at_once, : int(lengths[0])]
                read = self._scheme.read(self._network.passes(some, lengths, n_passes, dropped).cpu().numpy())
                for i, own in zip(chosen[start : start + at_once], read, strict=True):
                    found[i] = own[:, : len(sentences[i])]
        return found

    @torch.inference_mode()
    def sample_everywhere(self, sentences: Sequence[Sentence], n_passes: int, seed: int) -> list[IntArray]:
        """Return what `sample` does, of passes with dropout in every layer: as many predictions."""
        found = [np.empty((n_passes, len(sentence)), dtype=np.int64) for sentence in sentences]
        dropped = Dropped(seed)
        with devices.seeded(seed):
            for number in range(n_passes):
                for chosen, batch, encoded in self.encoded(sentences, dropping=True):
                    tags = self._network.passes(encoded, batch.lengths, 1, dropped)[:, 0]
                    for i, own in zip(chosen, self._scheme.read(tags.cpu().numpy()), strict=True):
                        found[i][number] = own[: len(sentences[i])]
        return found

    def encoded(
        self, sentences: Sequence[Sentence], *, dropping: bool = False
    ) -> Iterator[tuple[IntArray, Batch, Tensor]]:
        """Yield positions, batch and the words' vectors; the characters of each distinct word are read once."""
        network = self._network.eval()
        if dropping:
            # As in training, but no word is taken for [UNK].
            for module in network.modules():
                if isinstance(module, nn.Dropout):
                    module.train()
        rows = self._rows(sentences)
        spelled = network.features.spell_all(torch.from_numpy(rows.characters).to(self._device))
        for chosen in _batches(rows.lengths):
            batch = rows.batch(chosen).to(self._device)
            yield chosen, batch, network.encode(batch, spelled)


def _batches(lengths: IntArray) -> Iterator[IntArray]:
    """Yield positions of sentences with words, long ones first, so many that their padded words fit."""
    order = np.argsort(-lengths, kind="stable")
    order = order[lengths[order] > 0]
    start = 0
    while start < len(order):
        n = max(1, _WORDS_AT_ONCE // int(lengths[order[start]]))
        yield order[start : start + n]
        start += n
