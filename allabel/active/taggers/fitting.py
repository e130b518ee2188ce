"""The training that all networks share: batches of like length, a schedule, early stopping, resuming."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from allabel.active.base import Fitted, IntArray, Progress, Tell
from allabel.active.sentence import Sentence
from allabel.active.taggers import devices
from allabel.active.taggers.checkpoint import Checkpoint, State, own
from allabel.errors import AllabelError, InputError

# Batches are cut from shuffled pools of so many, sorted by length: little padding, and new batches each epoch.
POOL_BATCHES = 16


@dataclass(frozen=True, slots=True)
class Training:
    """How to train.

    min_steps: more epochs where there is so little to learn from that there would be fewer updates. warmup: the share
    of steps in which the learning rate rises from 0; then it stays ("constant") or falls to 0 in a straight line
    ("linear"). patience: epochs without a better held-out F1 before training stops, None for no early stop. held_out:
    share of sentences held out. clip: the longest gradient. precision, device: see `devices`. buckets: batches of like
    length; without them, batches as they fall.
    Raises InputError where a value cannot be.
    """

    epochs: int = 20
    min_steps: int = 0
    batch_sentences: int = 16
    learning_rate: float = 5e-5
    weight_decay: float = 0.01
    warmup: float = 0.1
    schedule: str = "linear"
    patience: int | None = 3
    held_out: float = 0.01
    clip: float = 1.0
    precision: str = "auto"
    device: str = "auto"
    buckets: bool = True

    def __post_init__(self) -> None:
        for name, value, rule, fits in (
            ("epochs", self.epochs, "at least 1", self.epochs >= 1),
            ("min_steps", self.min_steps, "at least 0", self.min_steps >= 0),
            ("batch_sentences", self.batch_sentences, "at least 1", self.batch_sentences >= 1),
            ("learning_rate", self.learning_rate, "above 0", self.learning_rate > 0),
            ("weight_decay", self.weight_decay, "at least 0", self.weight_decay >= 0),
            ("warmup", self.warmup, "a share from 0 to 1", 0 <= self.warmup <= 1),
            ("schedule", self.schedule, "linear or constant", self.schedule in {"linear", "constant"}),
            ("patience", self.patience, "at least 1, or None", self.patience is None or self.patience >= 1),
            ("held_out", self.held_out, "a share from 0, below 1", 0 <= self.held_out < 1),
            ("clip", self.clip, "above 0", self.clip > 0),
            (
                "precision",
                self.precision,
                f"one of {', '.join(devices.PRECISIONS)}",
                self.precision in devices.PRECISIONS,
            ),
        ):
            if not fits:
                raise InputError(f"{name} is {value!r}", remedy=f"give {rule}")

    @classmethod
    def of_saved(cls, told: Mapping[str, Any]) -> "Training":
        """Return what a saved tagger was trained by, for this machine: it need not have the other's device."""
        return cls(**{**told, "device": "auto"})

    def rate(self, step: int, n_steps: int) -> float:
        """Return the share of the learning rate at this step, counted from 0: in [0, 1]."""
        rising = math.ceil(self.warmup * n_steps)
        if step < rising:
            return (step + 1) / rising
        return 1.0 if self.schedule == "constant" else (n_steps - step) / max(1, n_steps - rising)


@dataclass(frozen=True, slots=True)
class History:
    """What `train` did; the fields as in `Fitted`."""

    n_epochs: int
    n_steps: int
    held_out_f1: float | None
    seconds: float
    stopped: str

    def fitted(self, sentences: Sequence[Sentence]) -> Fitted:
        """Return the report of a training on these sentences."""
        known = [sentence.n_known for sentence in sentences]
        return Fitted(
            sum(n > 0 for n in known),
            sum(known),
            self.n_epochs,
            self.n_steps,
            self.held_out_f1,
            self.seconds,
            self.stopped,
        )


def train(
    network: nn.Module,
    lengths: Sequence[int],
    loss: Callable[[IntArray], Tensor],
    training: Training,
    *,
    seed: int,
    held_out_f1: Callable[[], float] | None = None,
    tell: Tell = lambda line: None,
    progress: Progress = lambda done, of: None,
    groups: Sequence[Mapping[str, Any]] | None = None,
    checkpoint: Path | None = None,
    of: Mapping[str, str] | None = None,
) -> History:
    """Train a network that lies on its device; at the end it has the weights that did best on the held-out sentences.

    lengths: of the n things to learn from, windows or sentences. loss: the mean loss of the things at these positions,
    called with the network in training mode and in the precision asked for. held_out_f1: called after each epoch; None
    where nothing is held out, and then nothing stops early and the last weights stay. groups: parameter groups for
    AdamW; a group's `lr` is its highest. checkpoint: a file written after each epoch; a later call with the same goes
    on from it to the same weights. of: what the checkpoint is of, as from `fingerprint`.
    Source: Loshchilov & Hutter 2019 (AdamW).
    Raises InputError where the checkpoint is of something else; AllabelError where memory runs out or the loss is no
    number any more, with the checkpoint as it was.
    """
    n_batches = -(-len(lengths) // training.batch_sentences)
    training = replace(training, epochs=max(training.epochs, -(-training.min_steps // max(1, n_batches))))
    on = next(network.parameters()).device
    dtype = devices.precision(training.precision, on)
    trained = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(
        [dict(group) for group in groups or decayed(network, training.learning_rate, training.weight_decay)],
        lr=training.learning_rate,
        fused=on.type in {"cpu", "cuda"},
    )
    highest = [group["lr"] for group in optimizer.param_groups]
    done = State()
    kept = Checkpoint(checkpoint, {**(of or {}), "training": repr(replace(training, device="auto")), "seed": str(seed)})
    kept.restore(network, optimizer, done)
    n_steps = n_batches * training.epochs
    began = time.perf_counter() - done.seconds
    remedy = f"make batch_sentences smaller than {training.batch_sentences}, or use a smaller encoder"
    if checkpoint is not None:
        remedy += "; what was trained so far is kept"
    with devices.enough_memory(f"in training with batches of {training.batch_sentences}", remedy):
        while not done.stopped:
            # Each epoch has a seed of its own, so that one resumed draws what it would have drawn.
            rng = np.random.default_rng([seed, done.n_epochs])
            with devices.seeded(int(rng.integers(1 << 62))):
                network.train()
                total = torch.zeros((), device=on)
                batches = length_batches(lengths, training.batch_sentences, rng, buckets=training.buckets)
                for batch in batches:
                    for group, lr in zip(optimizer.param_groups, highest, strict=True):
                        group["lr"] = lr * training.rate(done.n_steps, n_steps)
                    with devices.autocast(on, dtype):
                        value = loss(batch)
                    torch.autograd.backward(value)
                    nn.utils.clip_grad_norm_(trained, training.clip)
                    optimizer.step()
                    optimizer.zero_grad(set_to_none=True)
                    total += value.detach()
                    done.n_steps += 1
            line = _end_epoch(network, done, float(total) / max(1, n_batches), held_out_f1, training)
            progress(done.n_epochs, training.epochs)
            tell(line)
            done.seconds = time.perf_counter() - began
            kept.keep(network, optimizer, done)
    if done.best:
        network.load_state_dict(done.best)
    network.eval()
    return History(done.n_epochs, done.n_steps, done.best_f1, time.perf_counter() - began, done.stopped)


def _end_epoch(
    network: nn.Module,
    done: State,
    mean_loss: float,
    held_out_f1: Callable[[], float] | None,
    training: Training,
) -> str:
    """Count an epoch, look at the held-out sentences, decide whether to go on, and return the line that tells of it."""
    if not math.isfinite(mean_loss):
        raise AllabelError(
            f"the loss is {mean_loss} in epoch {done.n_epochs + 1}\n  remedy: make learning_rate smaller than "
            f"{training.learning_rate}, or set precision to float32"
        )
    done.n_epochs += 1
    line = f"epoch {done.n_epochs} of {training.epochs}: loss {mean_loss:.4f}"
    if held_out_f1 is not None:
        f1 = held_out_f1()
        line += f", held-out F1 {f1:.3f}"
        if done.best_f1 is None or f1 > done.best_f1:
            done.best_f1, done.best_epoch = f1, done.n_epochs
            done.best = own(network.state_dict())
    if done.n_epochs == training.epochs:
        done.stopped = f"after all {training.epochs} epochs"
    elif (
        held_out_f1 is not None
        and training.patience is not None
        and done.n_epochs - done.best_epoch >= training.patience
    ):
        done.stopped = f"no better held-out F1 for {training.patience} epochs"
    if done.stopped and held_out_f1 is None:
        done.stopped += "; nothing was held out"
    elif done.stopped:
        done.stopped += f"; the weights are those of epoch {done.best_epoch}"
    return line


def decayed(network: nn.Module, learning_rate: float, weight_decay: float) -> list[dict[str, Any]]:
    """Return two parameter groups: matrices, whose weights decay; biases and norms, whose weights do not."""
    trained = [p for p in network.parameters() if p.requires_grad]
    return [
        {"params": [p for p in trained if p.ndim >= 2], "lr": learning_rate, "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "lr": learning_rate, "weight_decay": 0.0},
    ]


def length_batches(
    lengths: Sequence[int], size: int, rng: np.random.Generator, *, buckets: bool = True
) -> list[IntArray]:
    """Return each position once, in batches of `size` (the last may be smaller), shuffled; like lengths together."""
    order = rng.permutation(len(lengths))
    if buckets:
        sizes = np.asarray(lengths, dtype=np.int64)
        pool = size * POOL_BATCHES
        pools = [order[start : start + pool] for start in range(0, len(order), pool)]
        order = np.concatenate([some[np.argsort(sizes[some], kind="stable")] for some in pools]) if pools else order
    batches = [order[start : start + size] for start in range(0, len(order), size)]
    return [batches[i] for i in rng.permutation(len(batches))]
