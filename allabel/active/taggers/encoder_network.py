"""Pre-trained encoders with a head for tags: found, loaded, and taken apart into their layers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForTokenClassification, AutoTokenizer
from transformers.utils import logging as transformers_logging

from allabel.active.pretrained import had, unavailable
from allabel.active.taggers.fitting import Training
from allabel.errors import InputError

DEFAULT_WINDOW = 512


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers from printing reports and progress bars within the context; errors are raised as ever."""
    told: Any = transformers_logging
    verbosity, bars = told.get_verbosity(), told.is_progress_bar_enabled()
    told.set_verbosity_error()
    told.disable_progress_bar()
    try:
        yield
    finally:
        told.set_verbosity(verbosity)
        if bars:
            told.enable_progress_bar()


def load_tokenizer(encoder: str) -> Any:
    """Return the tokenizer of an encoder. Raises InputError where it cannot be had or has no words."""
    with quiet():
        tokenizer = had(AutoTokenizer, encoder)
    if len(tokenizer) <= len(tokenizer.all_special_ids):
        # What transformers makes where the tokenizer's files lack.
        raise unavailable(encoder, "its tokenizer has no vocabulary")
    return tokenizer


def load_encoder(
    encoder: str, tags: Sequence[str], layers: int | None, device: torch.device, *, pretrained: bool = True
) -> Any:
    """Return a token classifier for these tags, in float32.

    layers: keep so many of the first layers, None for all. device: where it will run. pretrained: its head is new, and
    drawn from torch's seed; else its head must be there.
    Raises InputError where the encoder cannot be had, lacks weights, or has fewer layers.
    """
    with quiet():
        config = had(AutoConfig, encoder)
    have = config.num_hidden_layers
    if layers is not None:
        if not 1 <= layers <= have:
            raise InputError(
                f"the encoder {encoder!r} has {have} layers, and layers is {layers}",
                remedy=f"give 1 to {have}, or None for all",
            )
        config.num_hidden_layers = layers
    config.num_labels = len(tags)
    config.id2label = dict(enumerate(tags))
    config.label2id = {tag: i for i, tag in enumerate(tags)}
    # On a processor, the gradient of torch's own attention costs three to eight times as much as the plain one's.
    attention = {"attn_implementation": "eager"} if device.type == "cpu" else {}
    with quiet():
        network, told = had(
            AutoModelForTokenClassification,
            encoder,
            config=config,
            dtype=torch.float32,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
            use_safetensors=True,
            **attention,
        )
    of_encoder = network.base_model_prefix + "."
    lacking = [name for name in told["missing_keys"] if name.startswith(of_encoder) or not pretrained]
    lacking += [name for name, *_ in told["mismatched_keys"] if name.startswith(of_encoder) or not pretrained]
    if lacking:
        raise InputError(
            f"the encoder {encoder!r} lacks {len(lacking)} of its weights, as {min(lacking)}",
            remedy="give an encoder of the kind that its config.json names",
        )
    if pretrained:
        _draw_head(network, len(tags))
    _decide_in_float32(network)
    return network


def parameter_groups(
    network: nn.Module, encoder: Any, training: Training, head_learning_rate: float | None
) -> list[dict[str, Any]]:
    """Return parameter groups for AdamW; biases and norms do not decay."""
    pretrained = {id(p) for p in encoder.base_model.parameters()}
    groups: dict[tuple[float, float], dict[str, Any]] = {}
    for p in network.parameters():
        if not p.requires_grad:
            continue
        own = training.learning_rate if head_learning_rate is None else head_learning_rate
        rate = training.learning_rate if id(p) in pretrained else own
        decay = training.weight_decay if p.ndim >= 2 else 0.0
        group = groups.setdefault((rate, decay), {"params": [], "lr": rate, "weight_decay": decay})
        group["params"].append(p)
    return list(groups.values())


def set_dropout(network: nn.Module, share: float) -> None:
    """Have every part of a network drop out this share."""
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = share


def layers_of(network: Any) -> nn.ModuleList:
    """Return the list of an encoder's layers. Raises InputError where it cannot be found."""
    depth = network.config.num_hidden_layers
    lists = [m for m in network.base_model.modules() if isinstance(m, nn.ModuleList) and len(m) == depth]
    if not lists:
        raise InputError(
            f"the layers of the encoder's architecture, {network.config.model_type}, cannot be told apart",
            remedy="set stochastic_layers to None, which needs no layers",
        )
    return lists[0]


def window_of(network: Any, tokenizer: Any) -> int:
    """Return the most pieces an encoder sees at once, special ones counted."""
    config = network.config
    limit = getattr(config, "max_position_embeddings", None) or DEFAULT_WINDOW
    for name, module in network.named_modules():
        # RoBERTa and its kin number positions from the one after padding's.
        if name.endswith("position_embeddings") and getattr(module, "padding_idx", None) is not None:
            limit -= module.padding_idx + 1
    return int(min(limit if limit > 0 else DEFAULT_WINDOW, tokenizer.model_max_length))


def _draw_head(network: Any, n_tags: int) -> None:
    """Draw the last matrix anew: that of a tagger fine-tuned before may be of other labels."""
    for module in network.children():
        if isinstance(module, nn.Linear) and module.out_features == n_tags:
            nn.init.normal_(module.weight, std=getattr(network.config, "initializer_range", 0.02))
            nn.init.zeros_(module.bias)


def _decide_in_float32(network: Any) -> None:
    """Have the last matrix of the head multiplied in float32, so that near ties keep their order in mixed precision."""
    head = getattr(network, "classifier", None)
    if not isinstance(head, nn.Linear):
        return

    def exactly(linear: nn.Module, inputs: tuple[Tensor, ...], _: Tensor) -> Tensor:
        assert isinstance(linear, nn.Linear)
        with torch.autocast(inputs[0].device.type, enabled=False):
            return nn.functional.linear(inputs[0].float(), linear.weight, linear.bias)

    head.register_forward_hook(exactly)
