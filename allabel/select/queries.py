"""Which texts are asked as queries: all of them, or from 100,000 on a drawn set."""

import numpy as np

from retrieval.base import IntArray

# Below, every text is a query; from there on this many are drawn: the error of a mean over them falls with its root.
ALL_BELOW = 100_000
N_DRAWN = 10_000


def drawn(positions: IntArray, rng: np.random.Generator, all_below: int = ALL_BELOW, n: int = N_DRAWN) -> IntArray:
    """Return the positions that serve as queries, in their order: all, or `n` drawn without replacement."""
    if len(positions) < all_below or len(positions) <= n:
        return positions
    return positions[np.sort(rng.choice(len(positions), size=n, replace=False))]
