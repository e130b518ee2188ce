"""Pre-trained models of Hugging Face, from this machine before anything is asked of the hub."""

from pathlib import Path
from typing import Any

from allabel.errors import InputError
from retrieval.hub import HUB, is_folder, offline, reachable


def had(kind: Any, encoder: str, **options: Any) -> Any:
    """Return `kind.from_pretrained(encoder, **options)`; the hub is asked only for what is not on this machine.

    encoder: a name on the hub, or the path of a folder. Raises InputError where it cannot be had.
    """
    folder = is_folder(encoder)
    path = str(Path(encoder).expanduser()) if folder else encoder
    if folder and not Path(path).is_dir():
        raise unavailable(encoder, "there is no such folder")
    try:
        return kind.from_pretrained(path, local_files_only=True, **options)
    except Exception as error:  # whatever a damaged or missing model makes the package raise
        if folder:
            raise unavailable(encoder, f"the folder holds no model: {_line(error)}") from error
        if not reachable():
            raise unavailable(encoder, f"it is not on this machine, and {HUB} cannot be reached") from error
    try:
        return kind.from_pretrained(encoder, **options)
    except Exception as error:  # whatever the hub and the package make of it
        raise unavailable(encoder, _line(error)) from error


def unavailable(encoder: str, problem: str) -> InputError:
    """Return the error for an encoder that cannot be had, and why."""
    told = " (offline, as the variables say)" if offline() and not is_folder(encoder) else ""
    return InputError(
        f"the encoder {encoder!r} is not to be had{told}: {problem}",
        remedy="download it once while online, or give the path of a folder with an encoder",
    )


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
