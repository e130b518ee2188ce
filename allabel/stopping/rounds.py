"""Rounds of annotation: what was annotated before the last round, and in it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from allabel.document import Annotation, DocId
from allabel.stopping.base import FEWEST_IN_ROUND

LAST_SHARE = 0.2
Group = int | tuple[int, ...]


def rounds(annotations: Mapping[DocId, Annotation], group_of: Mapping[DocId, Group]) -> list[list[DocId]]:
    """Divide the annotated texts into rounds, oldest first; each round in order of annotation.

    annotations: the latest of each text. group_of: what each chosen text was chosen in, (the selection's number, the
    number of the stage in it), say: ascending in time, and all of one kind. Every group is a round; texts that were
    annotated without being chosen are the first one. Neighbouring rounds are joined until the last one holds a tenth
    of all and five texts, since a small round changes little whatever is in it. Where that leaves one round, its last
    fifth in order of annotation counts as the last round.
    """

    def key(id: DocId) -> tuple[bool, Group | None, datetime]:
        return id in group_of, group_of.get(id), annotations[id].at

    ordered = sorted(annotations, key=key)
    found = [list(group) for _, group in groupby(ordered, key=group_of.get)]
    fewest = max(FEWEST_IN_ROUND, len(ordered) / 10)
    while len(found) > 1 and len(found[-1]) < fewest:
        found[-2:] = [found[-2] + found[-1]]
    if len(found) == 1:
        n_last = max(FEWEST_IN_ROUND, round(LAST_SHARE * len(ordered)))
        by_time = sorted(ordered, key=lambda id: annotations[id].at)
        found = [by_time[: max(0, len(ordered) - n_last)], by_time[max(0, len(ordered) - n_last) :]]
    return [group for group in found if group]


def before_last(groups: Iterable[Sequence[DocId]]) -> tuple[list[DocId], Sequence[DocId]]:
    """Return what was annotated before the last round, and the last round; empty lists where there is none."""
    *earlier, last = [*groups] or [[]]
    return [id for group in earlier for id in group], last
