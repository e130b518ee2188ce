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
    try:
        # Servers round: a log-probability a hair above 0 is 0.
        return math.exp(-math.fsum(min(0.0, x) for x in logprobs) / len(logprobs))
    except OverflowError:
        return math.inf
