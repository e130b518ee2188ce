"""Many comparisons at once: p-values corrected so that one false alarm among them stays as rare as in one."""

from collections.abc import Sequence

from allabel.errors import InputError


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values corrected by Holm's step-down method, in the order given.

    The i-th smallest of m (from 0) is multiplied by m - i, never below the one before it and never above 1. Comparing
    them with alpha keeps the chance of any false alarm at alpha, whatever the comparisons' dependence.
    Raises InputError where one is not in [0, 1].
    Source: Holm 1979, Scandinavian Journal of Statistics 6.
    """
    for p in p_values:
        if not 0 <= p <= 1:
            raise InputError(f"{p} is no p-value", remedy="p-values are from 0 to 1")
    corrected = [0.0] * len(p_values)
    floor = 0.0
    for i, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        floor = max(floor, min(1.0, (len(p_values) - i) * p_values[place]))
        corrected[place] = floor
    return corrected
