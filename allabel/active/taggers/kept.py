"""What a saved tagger's folder holds, read as what it is: arrays of numbers and words about them, never objects."""

import io
import zipfile
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

FloatArray = npt.NDArray[np.float64]
Count = Annotated[int, Field(ge=0, le=2**53)]
Lexicon = dict[str, dict[str, Count]]


class Described(BaseModel):
    """A description's own part; what it says beside is left to others."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    labels: list[str]
    words: Lexicon | None
    lexicon: bool


def weights_of(path: Path, *names: str) -> list[FloatArray]:
    """Return the arrays of these names in an .npz file as `numpy.savez` writes it, neither compressed nor pickled.

    No more memory is taken than the file is large, whatever it says of itself. Raises ValueError or OSError where it is
    something else, or has a number that is not finite.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return [_array(archive, f"{name}.npy") for name in names]
    except OSError:
        raise
    # Of what a damaged archive and numpy's header raise, no list is complete.
    except Exception as error:
        raise ValueError(f"no arrays of numbers: {error!s:.200}") from error


def _array(archive: zipfile.ZipFile, name: str) -> FloatArray:
    info = archive.getinfo(name)
    if info.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{name} is compressed")
    data = archive.read(info)
    header = io.BytesIO(data)
    version = np.lib.format.read_magic(header)
    if version not in {(1, 0), (2, 0)}:
        raise ValueError(f"{name} has the version {version}")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, kind = read(header)
    if kind.kind != "f":
        raise ValueError(f"{name} holds {kind}, not numbers")
    # Of another length numpy refuses; it allocates nothing before.
    flat = np.frombuffer(data, kind, offset=header.tell())
    found = flat.reshape(shape, order="F" if fortran else "C").astype(np.float64)
    if not np.isfinite(found).all():
        raise ValueError(f"{name} holds a number that is not finite")
    return found
