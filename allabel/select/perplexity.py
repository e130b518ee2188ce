"""Stage U, uncertainty: the texts whose tagging has the highest perplexity.

Source: ALLabel (arXiv 2509.07512), stage U: exp(-mean token log-probability) of the output.
"""

import numpy as np

from allabel.errors import AllabelError
from allabel.select.base import Choice, Pool, Tools


class Perplexity:
    """Picks the texts that the annotator in use, shown what is annotated so far, is least sure of."""

    name = "perplexity"
    needs_annotations = True

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> list[Choice]:
        """Return the `n` candidates of highest perplexity, ties by position; score: the perplexity.

        Raises AllabelError when replies without a perplexity leave fewer than `n` of the tagged texts to choose from.
        """
        candidates = pool.candidates
        if n <= 0 or not len(candidates):
            return []
        if self._tools.cap is not None and self._tools.cap < len(candidates):
            candidates = np.sort(rng.permutation(candidates)[: max(n, self._tools.cap)])
        replies = self._tools.annotate([pool.texts[i] for i in candidates])
        known = {int(i): r.perplexity for i, r in zip(candidates, replies, strict=True) if r.perplexity is not None}
        if len(known) < min(n, len(candidates)):
            errors = sorted({r.error for r in replies if r.error})
            raise AllabelError(
                f"only {len(known)} of {len(candidates)} texts got a reply with a perplexity, and {n} are to be chosen"
                + (f"; the first error: {errors[0]}" if errors else "")
            )
        median = float(np.median(list(known.values())))
        best = sorted(known, key=lambda i: (-known[i], i))[:n]
        return [
            Choice(
                i,
                known[i],
                f"the annotator is unsure: perplexity {known[i]:.3f}, the median of {len(known)} tagged texts is "
                f"{median:.3f}",
            )
            for i in best
        ]
