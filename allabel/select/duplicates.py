"""Near-duplicates in a pool: one of each group is chosen from, the others would show the annotator nothing new."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from retrieval.duplicates import THRESHOLD, first_alike


@dataclass(frozen=True, slots=True)
class Duplicates:
    """What is alike in a pool.

    groups: positions of texts that are near-duplicates of each other, two or more, ascending; the largest group first.
    spare: the positions never to be chosen: all of a group but its first text, and all of a group with a labelled one.
    """

    groups: tuple[tuple[int, ...], ...] = ()
    spare: frozenset[int] = frozenset()


def find_duplicates(texts: Sequence[str], labelled: Collection[int] = (), threshold: float = THRESHOLD) -> Duplicates:
    """Group near-duplicate texts and say which to leave out; `labelled` positions themselves are never `spare`."""
    members: dict[int, list[int]] = {}
    for position, first in enumerate(first_alike(texts, threshold).tolist()):
        members.setdefault(first, []).append(position)
    groups = sorted((tuple(group) for group in members.values() if len(group) > 1), key=lambda group: -len(group))
    spare: set[int] = set()
    for group in groups:
        open_ = [position for position in group if position not in labelled]
        spare.update(open_[len(open_) == len(group) :])
    return Duplicates(tuple(groups), frozenset(spare))
