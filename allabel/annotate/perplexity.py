"""Perplexity of an output from its tokens' log-probabilities."""

import math
from collections.abc import Sequence


def perplexity(logprobs: Sequence[float]) -> float | None:
    """Return exp(-mean log-probability), at least 1; None where it is unknown: no tokens, or a NaN among them.

    logprobs: (n_tokens,) natural logarithms. Returns infinity where a token was given no probability at all.
    Source: ALLabel (arXiv 2509.07512), stage U.
    """
    if not logprobs or any(math.isnan(x) for x in logprobs):
        return None
    mean = math.fsum(logprobs) / len(logprobs)
    try:
        # Servers round: log-probabilities a hair above 0 must not give a perplexity below 1.
        return max(1.0, math.exp(-mean))
    except OverflowError:
        return math.inf
