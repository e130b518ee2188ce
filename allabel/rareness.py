"""How rare a type of entity is. Source: Wang & Wang 2022 (sCR), METHODS.md section 4."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt


def rareness(n_words: Iterable[float], n_all: float) -> npt.NDArray[np.float64]:
    """Return `-ln(n_t / N)` of each type t, (n_types,): 0 where no word bears it, or every one.

    n_words: how many words bear each type, (n_types,). n_all: N, all words.
    """
    of_type = np.fromiter(n_words, dtype=np.float64)
    shares = np.where(of_type > 0, of_type, 1.0) / max(1.0, n_all)
    return np.where(of_type > 0, -np.log(np.minimum(1.0, shares)), 0.0)
