"""Whether two texts are near-duplicates: the measure of `retrieval.duplicates` for one pair at a time."""

from itertools import pairwise

from retrieval.duplicates import THRESHOLD
from retrieval.tokenize import terms

Features = frozenset[str | tuple[str, str]]
_ROUNDING = 1e-9


def features(text: str) -> Features:
    """Return the text's terms and pairs of neighbouring terms, each once."""
    found = terms(text)
    return frozenset((*found, *pairwise(found)))


def alike(one: Features, two: Features, threshold: float = THRESHOLD) -> bool:
    """Tell whether two sets of features have a Jaccard similarity of `threshold`; empty ones are like nothing."""
    shorter, longer = sorted((len(one), len(two)))
    if not shorter or shorter < threshold * longer - _ROUNDING:
        return False
    shared = len(one & two)
    return shared >= threshold * (len(one) + len(two) - shared) - _ROUNDING
