"""Dropout for stochastic passes: from a seed of its own, and cheap."""

import torch
from torch import Tensor


class Dropped:
    """Dropout from a generator of its own, in place; shares are in steps of 1/256.

    Random bytes are compared with a threshold: several times faster than random numbers, which would be most of the
    work of a stochastic pass.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._generator: torch.Generator | None = None

    def __call__(self, values: Tensor, share: float) -> Tensor:
        """Return the values with about this share of them put to zero and the others made larger; changes `values`."""
        threshold = round(share * 256)
        if not threshold:
            return values
        if self._generator is None:
            self._generator = torch.Generator(values.device).manual_seed(self._seed)
        words = torch.empty(-(-values.numel() // 8), dtype=torch.int64, device=values.device)
        words.random_(-(2**63), None, generator=self._generator)
        drawn = words.view(torch.uint8)[: values.numel()].view(values.shape)
        return values.mul_((drawn >= threshold) * (256 / (256 - threshold)))
