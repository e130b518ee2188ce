"""The embeddings of the pieces that occur, alone: most of a vocabulary gets no gradient, and costs as if it did."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from allabel.active.base import IntArray


class SeenRows(nn.Module):
    """Some rows of an embedding, called with the ids of all.

    A step of AdamW over a vocabulary of 30,000 pieces costs as much as a layer; the rows that never occur would only
    decay.
    """

    def __init__(self, whole: nn.Embedding, ids: IntArray) -> None:
        super().__init__()
        rows = torch.as_tensor(ids, device=whole.weight.device)
        place = torch.zeros(whole.num_embeddings, dtype=torch.long, device=whole.weight.device)
        place[rows] = torch.arange(len(ids), device=place.device)
        self.rows: Tensor
        self.place: Tensor
        self.register_buffer("rows", rows, persistent=False)
        self.register_buffer("place", place, persistent=False)
        self.weight = nn.Parameter(whole.weight.detach()[rows].clone(), requires_grad=whole.weight.requires_grad)
        pad = whole.padding_idx
        self._padding = int(np.searchsorted(ids, pad)) if pad is not None and pad in ids else None

    def forward(self, ids: Tensor) -> Tensor:
        """Return (..., n_dimensions) for ids (...)."""
        return nn.functional.embedding(self.place[ids], self.weight, self._padding)


@contextmanager
def only_seen(network: Any, ids: Iterable[IntArray]) -> Iterator[None]:
    """Have the network know these pieces alone within the context; after it, their new embeddings are in place."""
    whole = network.get_input_embeddings()
    if type(whole) is not nn.Embedding:  # an encoder with embeddings of another make trains them whole
        yield
        return
    seen = SeenRows(whole, np.unique(np.concatenate(list(ids))))
    network.set_input_embeddings(seen)
    try:
        yield
    finally:
        with torch.no_grad():
            whole.weight[seen.rows] = seen.weight
        network.set_input_embeddings(whole)
