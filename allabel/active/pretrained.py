"""Pre-trained models of Hugging Face, from this machine before anything is asked of the hub."""

from pathlib import Path
from typing import Any

from allabel.errors import InputError
from retrieval.hub import HUB, is_folder, offline, reachable

PICKLED = (
    "its weights are a pickle (pytorch_model.bin), which may hold code; where you trust it, load it with transformers "
    "once and write it with save_pretrained, model and tokenizer, into a folder: that makes model.safetensors"
)


def had(kind: Any, encoder: str, **options: Any) -> Any:
    """Return `kind.from_pretrained(encoder, **options)`; the hub is asked only for what is not on this machine.

    encoder: a name on the hub, or the path of a folder. Raises InputError where it cannot be had.
    """
    folder = is_folder(encoder)
    path = str(Path(encoder).expanduser()) if folder else encoder
    if folder and not Path(path).is_dir():
        raise unavailable(encoder, "there is no such folder")
    try:
        # A model may bring code of its own; without an answer here the package would ask for one, or run it.
        return kind.from_pretrained(path, local_files_only=True, trust_remote_code=False, **options)
    except Exception as error:  # whatever a damaged or missing model makes the package raise
        if _is_pickled(path, folder=folder):
            raise unavailable(encoder, PICKLED) from error
        if folder:
            raise unavailable(encoder, f"the folder holds no model: {_line(error)}") from error
        if not reachable():
            raise unavailable(encoder, f"it is not on this machine, and {HUB} cannot be reached") from error
    try:
        return kind.from_pretrained(encoder, trust_remote_code=False, **options)
    except Exception as error:  # whatever the hub and the package make of it
        raise unavailable(encoder, PICKLED if _is_pickled(path, folder=folder) else _line(error)) from error


def _is_pickled(path: str, *, folder: bool) -> bool:
    """Tell whether a model is on this machine with weights that are a pickle, and with no others."""
    if folder:
        return any(Path(path).glob("*.bin")) and not any(Path(path).glob("*.safetensors"))
    from huggingface_hub import try_to_load_from_cache

    there = [isinstance(try_to_load_from_cache(path, f), str) for f in ("pytorch_model.bin", "model.safetensors")]
    return there == [True, False]


def unavailable(encoder: str, problem: str) -> InputError:
    """Return the error for an encoder that cannot be had, and why."""
    told = " (offline, as the variables say)" if offline() and not is_folder(encoder) else ""
    return InputError(
        f"the encoder {encoder!r} is not to be had{told}: {problem}",
        remedy="download it once while online, or give the path of a folder with an encoder",
    )


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
