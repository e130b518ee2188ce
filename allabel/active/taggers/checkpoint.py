"""The state of a training, written after every epoch, so that one that was killed goes on to the same weights."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from allabel.active.sentence import Sentence
from allabel.errors import InputError

FORMAT = 1


@dataclass(slots=True)
class State:
    """How far a training has come; `stopped` is "" while it goes on.

    best: the weights of `best_epoch`, empty where nothing is held out.
    """

    n_epochs: int = 0
    n_steps: int = 0
    best_f1: float | None = None
    best_epoch: int = 0
    seconds: float = 0.0
    stopped: str = ""
    best: dict[str, Tensor] = field(default_factory=dict)


def own(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return copies that no training step changes."""
    return {name: value.detach().clone() for name, value in state.items()}


def fingerprint(sentences: Sequence[Sentence], labels: Iterable[str], options: str) -> dict[str, str]:
    """Return what a checkpoint is of: a digest of the sentences, the labels, and the options in words."""
    digest = hashlib.sha256()
    for sentence in sentences:
        digest.update(repr((sentence.id, sentence.text, sentence.offsets, sentence.tags)).encode())
    return {"sentences": digest.hexdigest(), "labels": ", ".join(labels), "options": options}


class Checkpoint:
    """A file with the state of one training; None stands for no file, and then nothing is kept.

    of: what the training is of; a file of something else is refused.
    """

    def __init__(self, path: Path | None, of: Mapping[str, str]) -> None:
        self._path, self._of = path, dict(of)

    def restore(self, network: nn.Module, optimizer: torch.optim.Optimizer, done: State) -> None:
        """Put the kept state into network, optimizer and `done`; where there is no file, leave them as they are.

        Raises InputError where the file cannot be read or is of something else.
        """
        if self._path is None or not self._path.exists():
            return
        device = next(network.parameters()).device
        try:
            state: dict[str, Any] = torch.load(self._path, map_location=device, weights_only=True)
            version = state["format"]
            kept: dict[str, str] = state["of"]
        except Exception as error:  # whatever a damaged file makes torch raise
            raise InputError(
                f"the checkpoint cannot be read: {' '.join(str(error).split())}",
                file=self._path,
                remedy="delete the file, and training begins anew",
            ) from error
        if version != FORMAT:
            raise InputError(
                f"the checkpoint has the format {version}, and this version reads {FORMAT}",
                file=self._path,
                remedy="delete the file, and training begins anew",
            )
        if kept != self._of:
            raise InputError(
                f"the checkpoint is of another training: {_difference(kept, self._of)}",
                file=self._path,
                remedy="go on with what it is of, or delete the file, and training begins anew",
            )
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        for name, value in state["done"].items():
            setattr(done, name, value)

    def keep(self, network: nn.Module, optimizer: torch.optim.Optimizer, done: State) -> None:
        """Write the state; the file of before is replaced only when everything is written.

        Raises InputError where the disk refuses.
        """
        if self._path is None:
            return
        unfinished = self._path.with_name(self._path.name + ".part")
        state = {
            "format": FORMAT,
            "of": self._of,
            "network": network.state_dict(),
            "optimizer": optimizer.state_dict(),
            "done": {f.name: getattr(done, f.name) for f in fields(done)},
        }
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            torch.save(state, unfinished)
            unfinished.replace(self._path)
        except (OSError, RuntimeError) as error:  # torch's writer raises the latter where the disk is full
            raise InputError(
                f"the checkpoint cannot be written: {' '.join(str(error).split())}",
                file=self._path,
                remedy="make room, or let the folder be written to; the epochs written before are kept",
            ) from error


def _difference(kept: Mapping[str, str], asked: Mapping[str, str]) -> str:
    told = []
    for name in dict.fromkeys((*kept, *asked)):
        if kept.get(name) != asked.get(name):
            digest = name == "sentences"
            told.append(
                "its sentences are others" if digest else f"its {name}: {kept.get(name)}; here: {asked.get(name)}"
            )
    return "; ".join(told)
