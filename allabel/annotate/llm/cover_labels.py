"""A few of many ranked candidates that hold every label between them, or every rare one."""

from collections import Counter
from collections.abc import Sequence

from allabel.annotate.base import Demonstration
from allabel.rareness import rareness

Labels = frozenset[str]


def rare_labels(demonstrations: Sequence[Demonstration]) -> Labels:
    """Return the labels that are rarer than labels are on average; empty where all are equally frequent.

    The rareness of a label is minus the logarithm of its share of all words (runs without white space), as in
    Wang & Wang 2022, METHODS.md 4; rare is what lies above the mean of the labels. Of one label none is rare.
    """
    n_words = max(1, sum(len(d.text.split()) for d in demonstrations))
    of_label: Counter[str] = Counter()
    for d in demonstrations:
        for span in d.entities:
            of_label[span.label] += max(1, len(d.text[span.start : span.end].split()))
    rare = rareness(of_label.values(), n_words)
    # The margin is for rounding: labels of one frequency are all as rare as their mean.
    limit = rare.sum() / max(1, len(rare)) + 1e-9
    return frozenset(label for label, own in zip(of_label, rare.tolist(), strict=True) if own > limit)


def cover(ranked: Sequence[Labels], k: int) -> list[int]:
    """Return the positions of `min(k, len(ranked))` candidates, ascending, that hold as many labels as can be.

    ranked: what each candidate holds, best first. Candidates are taken from the best on as long as those behind can
    still bring what is missing in the places that are left; how many that takes is found greedily (the candidate with
    most of the missing labels, of equals the best), which is near the least and, for a few labels, almost always it.
    """
    missing: Labels = frozenset[str]().union(*ranked)
    if missing <= frozenset[str]().union(*ranked[:k]):
        return list(range(min(k, len(ranked))))
    taken: list[int] = []
    reachable = _greedy(ranked, range(len(ranked)), missing)[:k]
    missing = frozenset[str]().union(*(ranked[i] for i in reachable))
    for i, labels in enumerate(ranked):
        room = k - len(taken) - 1
        if room < 0 or not missing:
            break
        behind = range(i + 1, len(ranked))
        with_it = len(_greedy(ranked, behind, missing - labels))
        if with_it > room and _covers(ranked, behind, missing, room + 1):
            continue
        taken.append(i)
        missing -= labels
    rest = (i for i in range(len(ranked)) if i not in taken)
    return sorted([*taken, *(i for i, _ in zip(rest, range(k - len(taken)), strict=False))])


def _covers(ranked: Sequence[Labels], behind: range, missing: Labels, room: int) -> bool:
    steps = _greedy(ranked, behind, missing)
    return len(steps) <= room and missing <= frozenset[str]().union(*(ranked[i] for i in steps))


def _greedy(ranked: Sequence[Labels], among: range, missing: Labels) -> list[int]:
    """Return candidates that cover what can be covered of the missing labels, in the order of what they bring."""
    steps: list[int] = []
    while missing:
        best = max(among, key=lambda i: (len(ranked[i] & missing), -i), default=None)
        if best is None or not ranked[best] & missing:
            break
        steps.append(best)
        missing -= ranked[best]
    return steps
