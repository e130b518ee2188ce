"""Windows as padded tensors on a device."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from allabel.active.base import IntArray
from allabel.active.taggers.windows import Window

# Pieces a batch may hold in prediction, padding counted: enough to keep a device busy, little enough for its caches.
CPU_PIECES, GPU_PIECES = 512, 65536


@dataclass(frozen=True, slots=True)
class Batch:
    """Windows side by side.

    ids, mask: (n_windows, n_pieces), mask is 1 where a piece is. rows, columns: (n_words,) where the first
    pieces of the words that the windows own stand, window by window.
    """

    ids: Tensor
    mask: Tensor
    rows: Tensor
    columns: Tensor


def batch_of(windows: Sequence[Window], pad: int, device: torch.device) -> Batch:
    """Return windows as one batch, padded to the longest."""
    longest = max(len(window.ids) for window in windows)
    if device.type == "cuda":
        longest = -(-longest // 8) * 8  # tensor cores work in eights
    ids = np.full((len(windows), longest), pad, dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, window in enumerate(windows):
        n = len(window.ids)
        ids[row, :n], mask[row, :n] = window.ids, 1
    rows = np.repeat(np.arange(len(windows)), [len(window.firsts) for window in windows])
    columns = np.concatenate([window.firsts for window in windows])
    return Batch(*(on_device(array, device) for array in (ids, mask, rows, columns)))


def on_device(array: npt.NDArray[Any], device: torch.device) -> Tensor:
    """Return an array as a tensor; to a GPU it travels while the processor goes on."""
    tensor = torch.from_numpy(array)
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


def prediction_batches(windows: Sequence[Window], device: torch.device) -> Iterator[IntArray]:
    """Yield positions of windows in batches of like length.

    The longest come first, so that memory runs out at once or not at all.
    """
    n_pieces = CPU_PIECES if device.type == "cpu" else GPU_PIECES
    lengths = np.array([len(window.ids) for window in windows], dtype=np.int64)
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        end = start + max(1, n_pieces // int(lengths[order[start]]))
        yield order[start:end]
        start = end


def padded(lengths: Sequence[int], device: torch.device) -> tuple[Tensor, Tensor]:
    """Return where the words of sentences, one after the other, stand in (n_sentences, longest): rows and columns."""
    sizes = np.asarray(lengths, dtype=np.int64)
    rows = np.repeat(np.arange(len(sizes)), sizes)
    columns = np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return on_device(rows, device), on_device(columns, device)
