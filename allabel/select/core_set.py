"""Stage D, diversity: farthest first with a warm start.

Source: ALLabel (arXiv 2509.07512), stage D; Sener & Savarese 2018 (core-set).
"""

from collections.abc import Iterator
from itertools import islice

import numpy as np

from allabel.select.base import Choice, Pool, Tools
from retrieval.base import FloatArray, IntArray, Similarity
from retrieval.columns import InPart, columns

# Where few pairs cost little, only so many of the farthest texts are compared with each pick: similarity to what is
# chosen only grows, so that the farthest is among them until it is nearer than the next text was.
SHORTLIST = 512
# The median text is that of so many, evenly spaced.
MOST_MEDIAN = 255


class CoreSet:
    """Picks, again and again, the text that is least like anything chosen or annotated: farthest first.

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
        for _, some in columns(similarity, np.array(sorted(pool.labelled), dtype=np.int64)):
            np.maximum(nearest, some.max(axis=0), out=nearest)
        choices: list[Choice] = []
        if not pool.labelled:
            first = _first(similarity.means(), open_)
            choices.append(first)
            open_ = np.delete(open_, np.searchsorted(open_, first.position))
            nearest = similarity.to(first.position)
        n_before = len(pool.labelled) + len(choices)
        farthest = islice(_farthest_first(similarity, nearest, open_), n - len(choices))
        for earlier, (position, value, median) in enumerate(farthest, start=n_before):
            to = (
                "similarity to the one text there" if earlier == 1 else f"greatest similarity to any of {earlier} texts"
            )
            reason = f"far from everything chosen before: its {to} is {value:.2f}, the median text's {median:.2f}"
            choices.append(Choice(position, value, reason))
        return choices


def _first(means: FloatArray, open_: IntArray) -> Choice:
    position = int(open_[np.argmin(means[open_])])
    reason = (
        f"least like the pool as a whole: mean similarity {means[position]:.2f}, "
        f"the median text's {np.median(means):.2f}; the diverse choice starts here"
    )
    return Choice(position, float(means[position]), reason)


def _farthest_first(similarity: Similarity, nearest: FloatArray, open_: IntArray) -> Iterator[tuple[int, float, float]]:
    """Yield `(position, largest similarity to what was chosen before, that of the median text)`, ties by position.

    nearest: (n_texts,), the largest similarity of each text to what is chosen already. open_: ascending.
    """
    sample = open_[:: -(-len(open_) // MOST_MEDIAN) or 1]
    while len(open_):
        # All texts that are no nearer than `limit` are on the list.
        limit = np.inf
        if isinstance(similarity, InPart) and len(open_) > SHORTLIST:
            limit = float(np.partition(nearest[open_], SHORTLIST - 1)[SHORTLIST - 1])
        listed = open_[nearest[open_] <= limit]
        watched = np.concatenate([listed, sample])
        values, n_listed = nearest[watched], len(listed)
        part = similarity.among(watched) if limit < np.inf and isinstance(similarity, InPart) else None
        chosen: list[int] = []
        while True:
            best = int(np.argmin(values[:n_listed]))
            value, position = float(values[best]), int(listed[best])
            if value > limit or value == np.inf:
                break
            seen = values[n_listed:]
            seen = seen[seen < np.inf]
            yield position, value, float(np.median(seen)) if len(seen) else value
            chosen.append(position)
            np.maximum(values, part.to(best) if part else similarity.to(position)[watched], out=values)
            values[watched == position] = np.inf
        for _, some in columns(similarity, np.array(chosen)) if part else ():
            np.maximum(nearest, some.max(axis=0), out=nearest)
        nearest[chosen] = np.inf
        open_ = open_[nearest[open_] < np.inf]
