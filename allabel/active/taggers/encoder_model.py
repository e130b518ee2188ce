"""An encoder with its head on a device: scores of tags for words."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from allabel.active.base import FloatArray, IntArray
from allabel.active.sentence import Sentence
from allabel.active.taggers import devices
from allabel.active.taggers.crf_layer import CrfLayer
from allabel.active.taggers.encoder_batches import Batch, batch_of, padded, prediction_batches
from allabel.active.taggers.encoder_network import window_of
from allabel.active.taggers.encoder_pieces import Pieces


class TagNetwork(nn.Module):
    """A Hugging Face token classifier, and the layer that decides on whole sentences, for which it has no place.

    crf: None where each word is decided on by itself.
    """

    def __init__(self, encoder: Any, crf: CrfLayer | None) -> None:
        super().__init__()
        self.encoder = encoder
        self.crf = crf

    def forward(self, batch: Batch) -> Tensor:
        """Return the scores of each piece's tags: (n_windows, n_pieces, n_tags)."""
        logits = self.encoder(input_ids=batch.ids, attention_mask=batch.mask).logits
        assert isinstance(logits, Tensor)
        return logits.float()


class EncoderModel:
    """A network, its tokenizer and its device. precision: of matrix products, see `devices.precision`."""

    def __init__(self, network: TagNetwork, tokenizer: Any, device: torch.device, precision: str) -> None:
        self.network, self.tokenizer, self.device = network.to(device), tokenizer, device
        self.dtype = devices.precision(precision, device)
        self.pieces = Pieces(tokenizer, window_of(network.encoder, tokenizer))
        self.pad = int(tokenizer.pad_token_id)
        self.n_tags = int(network.encoder.config.num_labels)

    @contextmanager
    def predicting(self) -> Iterator[None]:
        """Compute without gradients within the context, in the model's precision."""
        remedy = "tag fewer or shorter texts at once, or use a smaller encoder, or the device cpu"
        with (
            devices.enough_memory("in tagging", remedy),
            torch.inference_mode(),
            devices.autocast(self.device, self.dtype),
        ):
            yield

    def scores(self, sentences: Sequence[Sentence]) -> list[FloatArray]:
        """Return the scores of each word's tags: (n_words, n_tags) a sentence."""
        windows = self.pieces.windows(sentences)
        found = [np.zeros((len(sentence), self.n_tags)) for sentence in sentences]
        order, parts = list[int](), list[Tensor]()
        self.network.eval()
        with self.predicting():
            for positions in prediction_batches(windows, self.device):
                batch = batch_of([windows[i] for i in positions], self.pad, self.device)
                parts.append(self.network(batch)[batch.rows, batch.columns])
                order += positions.tolist()
            # Read once at the end: a GPU never waits for the processor.
            flat = torch.cat(parts).cpu().double().numpy() if parts else np.zeros((0, self.n_tags))
        start = 0
        for i in order:
            window = windows[i]
            found[window.sentence][window.words] = flat[start : start + len(window.words)]
            start += len(window.words)
        return found


@torch.inference_mode()
def marginals(scores: Sequence[FloatArray], crf: CrfLayer | None) -> list[FloatArray]:
    """Return the distribution over tags for each word: (n_words, n_tags) a sentence."""
    if crf is None:
        return [_softmax(some) for some in scores]
    found = [np.zeros_like(some) for some in scores]
    for positions, together, lengths in _chains(scores):
        for i, some in zip(positions, crf.marginals(together, lengths).numpy(), strict=True):
            found[i] = some[: len(found[i])]
    return found


@torch.inference_mode()
def decisions(scores: Sequence[FloatArray], crf: CrfLayer | None) -> list[tuple[IntArray, float]]:
    """Return the likeliest tags (n_words,) and their log-probability, a sentence."""
    if crf is None:
        return [(some.argmax(1), float(np.log(some.max(1)).sum())) for some in marginals(scores, None)]
    found = [(np.zeros(0, dtype=np.int64), 0.0)] * len(scores)
    for positions, together, lengths in _chains(scores):
        tags, logs = crf.decode(together, lengths)
        for i, some, log in zip(positions, tags.numpy(), logs.tolist(), strict=True):
            found[i] = (some[: len(scores[i])], log)
    return found


def _chains(scores: Sequence[FloatArray]) -> Iterator[tuple[list[int], Tensor, Tensor]]:
    """Yield positions of sentences with words, their padded scores and their lengths, in batches of like length."""
    order = sorted((i for i in range(len(scores)) if len(scores[i])), key=lambda i: len(scores[i]))
    for start in range(0, len(order), 256):
        some = order[start : start + 256]
        lengths = [len(scores[i]) for i in some]
        together = torch.zeros(len(some), max(lengths), scores[some[0]].shape[1], dtype=torch.float64)
        together[padded(lengths, together.device)] = torch.from_numpy(np.concatenate([scores[i] for i in some]))
        yield some, together, torch.tensor(lengths)


def _softmax(scores: FloatArray) -> FloatArray:
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(p / p.sum(axis=1, keepdims=True))
