"""Chance-corrected agreement on nominal categories. None where it is undefined, never NaN.

Sources: Cohen 1960 (kappa, two people); Light 1971 (the mean of kappa over pairs of more people); Krippendorff 2004
and 2011, "Computing Krippendorff's alpha-reliability" (any number of people, values may be missing).
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from itertools import permutations


def cohen_kappa(a: Sequence[Hashable], b: Sequence[Hashable]) -> float | None:
    """Return Cohen's kappa of two labellings of the same items; at most 1, 0 is agreement by chance.

    None without an item, or where both give every item one same category: then agreement by chance is 1 already.
    Raises ValueError where they differ in length.
    """
    pairs = Counter(zip(a, b, strict=True))
    n = pairs.total()
    of_a, of_b = Counter(a), Counter(b)
    by_chance = sum(count * of_b[category] for category, count in of_a.items())
    if n * n == by_chance:  # also where there is nothing: 0 == 0
        return None
    agreed = sum(count for (x, y), count in pairs.items() if x == y)
    return (n * agreed - by_chance) / (n * n - by_chance)


def krippendorff_alpha(units: Iterable[Sequence[Hashable]]) -> float | None:
    """Return Krippendorff's alpha for nominal values; at most 1, 0 is agreement by chance.

    units: the values that people gave each item, missing ones left out; an item with fewer than two says nothing.
    None where no item has two values, or all values are one category.
    """
    # Few distinct combinations stand for very many tokens.
    combinations: Counter[tuple[Hashable, ...]] = Counter(tuple(unit) for unit in units if len(unit) > 1)
    coincidences: defaultdict[tuple[Hashable, Hashable], float] = defaultdict(float)
    for values, times in combinations.items():
        for pair in permutations(values, 2):
            coincidences[pair] += times / (len(values) - 1)
    totals: defaultdict[Hashable, float] = defaultdict(float)
    for (first, _), count in coincidences.items():
        totals[first] += count
    n = sum(totals.values())
    expected = n * n - sum(count * count for count in totals.values())
    if len(totals) < 2:
        return None
    observed = sum(count for (x, y), count in coincidences.items() if x != y)
    return 1 - (n - 1) * observed / expected
