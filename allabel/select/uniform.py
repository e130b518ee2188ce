"""Random selection: what every other strategy must beat."""

import numpy as np

from allabel.select.base import Choice, Pool, Tools


class Uniform:
    """Draws texts uniformly without replacement."""

    name = "uniform"
    needs_annotations = False

    def __init__(self, tools: Tools) -> None:
        pass

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> list[Choice]:
        """Return the first `n` of a random permutation of the candidates; score: 1 / number of candidates."""
        candidates = pool.candidates
        reason = f"drawn at random from {len(candidates)} texts"
        return [Choice(int(i), 1 / len(candidates), reason) for i in rng.permutation(candidates)[:n]]
