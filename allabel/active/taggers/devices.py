"""Where networks run, and in which precision; chance from a seed alone; what to do where memory runs out."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import torch

from allabel.errors import AllabelError, InputError

PRECISIONS = ("auto", "float32", "bfloat16")


def device(name: str = "auto") -> torch.device:
    """Return the device of this name. "auto": the GPU where there is one, else the processor.

    Raises InputError where there is no such device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if _has_mps() else "cpu")
    try:
        found = torch.device(name)
        torch.empty(1, device=found)
    except (RuntimeError, AssertionError) as error:
        raise InputError(
            f"the device {name!r} is not to be had: {' '.join(str(error).split())}",
            remedy="give auto, cpu, cuda, or cuda with a number, as cuda:1",
        ) from error
    return found


def precision(name: str, on: torch.device) -> torch.dtype:
    """Return what matrices are multiplied in. "auto": bfloat16 where the device has it natively, else float32.

    Weights stay float32 either way.
    """
    if name not in PRECISIONS:
        raise InputError(f"there is no precision {name!r}", remedy=f"give one of {', '.join(PRECISIONS)}")
    if name == "auto":
        return torch.bfloat16 if _has_bfloat16(on) else torch.float32
    return torch.bfloat16 if name == "bfloat16" else torch.float32


def autocast(on: torch.device, dtype: torch.dtype) -> AbstractContextManager[object]:
    """Multiply in this precision within the context."""
    return torch.autocast(on.type, dtype=torch.bfloat16, enabled=dtype == torch.bfloat16)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw what torch draws from this seed within the context; outside, chance goes on as if nothing had happened."""
    with torch.random.fork_rng([torch.cuda.current_device()] if torch.cuda.is_available() else []):
        torch.manual_seed(seed)
        yield


@contextmanager
def enough_memory(work: str, remedy: str) -> Iterator[None]:
    """Raise AllabelError naming the work and the remedy where memory runs out within the context."""
    try:
        yield
    except MemoryError as error:
        raise AllabelError(f"memory ran out {work}\n  remedy: {remedy}") from error
    except RuntimeError as error:
        # torch.OutOfMemoryError on a GPU; on the processor a plain RuntimeError of the allocator.
        if not isinstance(error, torch.OutOfMemoryError) and "allocate memory" not in str(error):
            raise
        torch.cuda.empty_cache()
        raise AllabelError(f"memory ran out {work}\n  remedy: {remedy}") from error


def _has_mps() -> bool:
    return bool(torch.backends.mps.is_available())


def _has_bfloat16(on: torch.device) -> bool:
    if on.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if on.type == "cpu":
        # Elsewhere torch emulates it on the processor, at a third of the speed.
        return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    return False
