"""Monte Carlo dropout over an encoder: what does not drop out is computed once for all passes.

Source: Gal & Ghahramani 2016; Gal et al. 2017 (BALD).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from allabel.active.base import FloatArray
from allabel.active.sentence import Sentence
from allabel.active.taggers import devices
from allabel.active.taggers.encoder_batches import CPU_PIECES, GPU_PIECES, Batch, batch_of, prediction_batches
from allabel.active.taggers.encoder_dropout import QuickDropout, bypassed, copies, remembering
from allabel.active.taggers.encoder_model import EncoderModel
from allabel.active.taggers.encoder_network import layers_of
from allabel.errors import InputError


def stochastic_scores(
    model: EncoderModel, sentences: Sequence[Sentence], n_passes: int, seed: int, layers: int | None
) -> list[FloatArray]:
    """Return the scores of passes with dropout: (n_passes, n_words, n_tags) a sentence.

    layers: how many of the last layers drop out, beside the head; None for all, and the embeddings.
    Raises InputError where the encoder has fewer, or its layers cannot be told apart.
    """
    found = [np.zeros((n_passes, len(sentence), model.n_tags)) for sentence in sentences]
    windows = model.pieces.windows(sentences)
    with devices.seeded(seed), model.predicting(), QuickDropout():
        for positions in prediction_batches(windows, model.device):
            chosen = [windows[i] for i in positions]
            passes = _passes(model, batch_of(chosen, model.pad, model.device), n_passes, layers)
            ends = np.cumsum([len(window.words) for window in chosen])
            for window, scores in zip(chosen, np.split(passes, ends[:-1], axis=1), strict=True):
                found[window.sentence][:, window.words] = scores
    return found


def _passes(model: EncoderModel, batch: Batch, n_passes: int, layers: int | None) -> npt.NDArray[np.float32]:
    """Return the scores of the batch's words in each pass: (n_passes, n_words, n_tags)."""
    network = model.network
    known: dict[nn.Module, Any] = {}
    if layers is None:
        network.train()
    else:
        before, last = _split(network.encoder, layers)
        network.eval()
        linear = [module for layer in last[:1] for module in layer.modules() if type(module) is nn.Linear]
        with remembering([*before, *last[:1], *linear]) as seen:
            network(batch)
        # Nothing drops out before the first stochastic layer's own input, so neither do products with it differ.
        known = dict.fromkeys(before, seen[before[-1]][1]) if before else {}
        known |= {m: seen[m][1] for m in linear if m in seen and seen[m][0] is seen[last[0]][0] is not None}
        for module in (*last, *_head(network.encoder)):
            module.train()
    distinct = {id(output): output for output in known.values()}
    n_windows, n_pieces = batch.ids.shape
    at_once = max(1, (CPU_PIECES if model.device.type == "cpu" else GPU_PIECES) // (n_windows * n_pieces))
    parts = []
    for start in range(0, n_passes, at_once):
        n = min(at_once, n_passes - start)
        many = Batch(*(copies(some, n) for some in (batch.ids, batch.mask, batch.rows, batch.columns)))
        copied = {key: copies(output, n) for key, output in distinct.items()}
        with bypassed({module: copied[id(output)] for module, output in known.items()}):
            scores = network(many).view(n, n_windows, n_pieces, -1)
        parts.append(scores[:, batch.rows, batch.columns])
    network.eval()
    return np.asarray(torch.cat(parts).cpu().numpy())


def _split(encoder: Any, layers: int) -> tuple[list[nn.Module], list[nn.Module]]:
    """Return what is computed once, in order, and the last layers."""
    every = list(layers_of(encoder))
    if not 0 <= layers <= len(every):
        raise InputError(
            f"stochastic_layers is {layers}, and the encoder has {len(every)} layers",
            remedy=f"give 0 to {len(every)}, or None for all and the embeddings",
        )
    embeddings = getattr(encoder.base_model, "embeddings", None)
    first = len(every) - layers
    return [*([embeddings] if isinstance(embeddings, nn.Module) else []), *every[:first]], every[first:]


def _head(encoder: Any) -> list[nn.Module]:
    """Return what stands above the encoder's base."""
    return [module for module in encoder.children() if module is not encoder.base_model]
