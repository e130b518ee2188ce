"""Stage D, diversity: farthest first with a warm start.

Source: ALLabel (arXiv 2509.07512), stage D; Sener & Savarese 2018 (core-set).
"""

import numpy as np

from allabel.select.base import Choice, Pool, Tools
from retrieval.base import FloatArray, IntArray


class CoreSet:
    """Picks, again and again, the text whose largest similarity to the chosen and annotated ones is smallest.

    With nothing chosen yet, it starts at the text with the lowest mean similarity to all others.
    """

    name = "core_set"
    needs_annotations = False

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> list[Choice]:
        """Return the `n` farthest candidates; score: the largest similarity to what was chosen before (or the mean)."""
        open_ = pool.candidates
        if n <= 0 or not len(open_):
            return []
        similarity = self._tools.similarity(pool.texts)
        nearest = np.full(len(pool), -np.inf)
        for position in sorted(pool.labelled):
            np.maximum(nearest, similarity.to(position), out=nearest)
        choices: list[Choice] = []
        while len(choices) < n and len(open_):
            earlier = len(pool.labelled) + len(choices)
            choice = _farthest(nearest, open_, earlier) if earlier else _first(similarity.means(), open_)
            choices.append(choice)
            open_ = open_[open_ != choice.position]
            np.maximum(nearest, similarity.to(choice.position), out=nearest)
        return choices


def _first(means: FloatArray, open_: IntArray) -> Choice:
    position = int(open_[np.argmin(means[open_])])
    reason = (
        f"least like the pool as a whole: mean similarity {means[position]:.2f}, "
        f"the median text's {np.median(means):.2f}; the diverse choice starts here"
    )
    return Choice(position, float(means[position]), reason)


def _farthest(nearest: FloatArray, open_: IntArray, earlier: int) -> Choice:
    position = int(open_[np.argmin(nearest[open_])])
    reason = (
        f"far from everything chosen before: its greatest similarity to any of {earlier} texts is "
        f"{nearest[position]:.2f}, the median text's {np.median(nearest[open_]):.2f}"
    )
    return Choice(position, float(nearest[position]), reason)
