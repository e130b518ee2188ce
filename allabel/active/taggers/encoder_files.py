"""A fine-tuned encoder's folder: the Hugging Face layout, and beside it what Hugging Face has no place for."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor

from allabel.active.taggers.encoder_model import EncoderModel, TagNetwork
from allabel.active.taggers.encoder_network import quiet
from allabel.active.taggers.fitting import Training
from allabel.active.taggers.folder import DESCRIPTION, damaged, describe, description, replacing

MORE_WEIGHTS = "beside.safetensors"


@dataclass(frozen=True, slots=True)
class Told:
    """What a folder says of its tagger. options: arguments of the tagger's class."""

    folder: Path
    labels: tuple[str, ...]
    options: dict[str, Any]
    training: Training

    def restore(self, network: TagNetwork) -> None:
        """Put the weights that are not the encoder's in place. Raises InputError where they do not fit."""
        wanted = _beside(network)
        if not wanted:
            return
        path = self.folder / MORE_WEIGHTS
        try:
            found = load_file(path)
            for name, weight in wanted.items():
                weight.copy_(found[name])
        except Exception as error:  # whatever a damaged file makes safetensors and torch raise
            raise damaged(path, error) from error


def write(
    folder: Path, name: str, model: EncoderModel, labels: Sequence[str], options: Mapping[str, Any], training: Training
) -> None:
    """Write a trained tagger; what was there before is replaced only when everything is written."""
    with replacing(folder) as new, quiet():
        model.network.encoder.save_pretrained(new)
        model.tokenizer.save_pretrained(new)
        beside = _beside(model.network)
        if beside:
            save_file({key: weight.cpu().contiguous() for key, weight in beside.items()}, new / MORE_WEIGHTS)
        files = {path.name: path.stat().st_size for path in sorted(new.iterdir())}
        made = {"labels": list(labels), "options": dict(options), "training": asdict(training)}
        describe(new, name, {**made, "files": files})


def read(folder: Path, name: str) -> Told:
    """Return what a folder says. Raises InputError where it is not there, is half, or of another kind or version."""
    told = description(folder, name)
    try:
        # Where a file of the tokenizer lacks, transformers makes one up that knows no word, and says nothing.
        for file, size in told["files"].items():
            found = (folder / file).stat().st_size if (folder / file).is_file() else None
            if found != size:
                raise damaged(
                    folder / file, ValueError("it is not there" if found is None else f"{found} bytes of {size}")
                )
        training = Training.of_saved(told["training"])
        return Told(folder, tuple(told["labels"]), dict(told["options"]), training)
    except (KeyError, TypeError, AttributeError, ValueError, OSError) as error:
        raise damaged(folder / DESCRIPTION, error) from error


def _beside(network: TagNetwork) -> dict[str, Tensor]:
    return {name: weight.detach() for name, weight in network.named_parameters() if not name.startswith("encoder.")}
