"""Stage U, uncertainty: the texts whose tagging has the highest perplexity.

Source: ALLabel (arXiv 2509.07512), stage U: exp(-mean token log-probability) of the output.
"""

import numpy as np

from allabel.errors import AllabelError, BudgetError
from allabel.select.base import Choice, Pool, Tools


class Perplexity:
    """Picks the texts that the annotator in use, shown what is annotated so far, is least sure of."""

    name = "perplexity"
    needs_annotations = True

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._tagged: tuple[tuple[Pool, tuple[int, ...]], dict[int, float], list[str]] | None = None

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> list[Choice]:
        """Return the `n` candidates of highest perplexity, ties by position; score: the perplexity.

        Raises AllabelError when replies without a perplexity leave fewer than `n` of the tagged texts to choose from.
        """
        candidates = pool.candidates
        if n <= 0 or not len(candidates):
            return []
        if self._tools.cap is not None and self._tools.cap < len(candidates):
            if self._tools.cap < n:
                raise BudgetError(
                    f"{n} texts are to be chosen by perplexity, and only {self._tools.cap} may be tagged to measure it",
                    remedy=f"raise the cap to {n} or more",
                )
            candidates = np.sort(rng.permutation(candidates)[: self._tools.cap])
        known, errors = self._perplexities(pool, tuple(candidates.tolist()))
        if len(known) < min(n, len(candidates)):
            raise AllabelError(
                f"only {len(known)} of {len(candidates)} texts got a reply with a perplexity, and {n} are to be chosen"
                + (f"; the first error: {errors[0]}" if errors else "")
            )
        best = sorted(known, key=lambda i: (-known[i], i))[:n]
        values = list(known.values())
        return [Choice(i, known[i], _reason(known[i], values)) for i in best]

    def _perplexities(self, pool: Pool, positions: tuple[int, ...]) -> tuple[dict[int, float], list[str]]:
        """Tag these texts, or return what the last call found for the same ones: tagging is what costs."""
        if self._tagged is None or self._tagged[0] != (pool, positions):
            replies = self._tools.annotate([pool.texts[i] for i in positions])
            known = {i: r.perplexity for i, r in zip(positions, replies, strict=True) if r.perplexity is not None}
            self._tagged = (pool, positions), known, sorted({r.error for r in replies if r.error})
        return self._tagged[1], self._tagged[2]


def _reason(perplexity: float, all_: list[float]) -> str:
    told = f"perplexity {perplexity:.3f}, where 1 is certain"
    if len(all_) == 1:
        return f"the only text that the annotator tagged: {told}"
    if min(all_) == max(all_):
        return f"the annotator is equally sure of all {len(all_)} tagged texts: {told}"
    median = float(np.median(all_))
    told += f"; the median of {len(all_)} tagged texts is {median:.3f}"
    return f"the annotator is less sure of it than of most: {told}" if perplexity > median else told
