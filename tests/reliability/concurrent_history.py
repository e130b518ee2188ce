"""Decides from notes of many writers whether what they saw and what was kept fit one order of events.

The database numbers its answers, and that is the order: each write happened at one moment between its begin and its
end, in the order of the numbers, and each read saw what was there at one moment between its own begin and end.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Write:
    """Answers that were confirmed together, under neighbouring numbers. begin, end: on one monotonic clock."""

    begin: float
    end: float
    first: int
    last: int


@dataclass(frozen=True)
class Read:
    """What was seen: for each document the number of its answer, 0 for a document without one."""

    begin: float
    end: float
    seen: Mapping[str, int]


@dataclass(frozen=True)
class Hold:
    """A time through which a text or a job was certainly somebody's."""

    what: str
    who: str
    begin: float
    end: float


def order_problems(writes: Sequence[Write]) -> list[str]:
    """Say where the numbers contradict the times: what ended before another began has the lower numbers."""
    found, latest = [], (float("-inf"), 0)
    for one in sorted(writes, key=lambda write: write.first):
        if one.end < latest[0]:
            found.append(f"answer {one.first} ended before answer {latest[1]} began")
        latest = max(latest, (one.begin, one.first))
    found += [
        f"{a} and {b} share numbers" for a, b in pairwise(sorted((w.first, w.last) for w in writes)) if b[0] <= a[1]
    ]
    return found


def read_problems(rows: Mapping[int, str], writes: Sequence[Write], reads: Iterable[Read]) -> list[str]:
    """Say which reads fit no moment of the history. rows: number of each answer -> its document.

    Exact: moments are given out in the order in which reads began, each the earliest that is left.
    """
    ordered = sorted(writes, key=lambda write: write.first)
    moments = [0, *(write.last for write in ordered)]
    by_document = _by_document(rows)
    ended = _running(sorted((write.end, write.last) for write in writes))
    begun = _running([(-time, -first) for time, first in sorted(((w.begin, w.first) for w in writes), reverse=True)])
    given: list[tuple[float, int]] = []
    found = []
    for read in sorted(reads, key=lambda one: one.begin):
        low, high = _moments(by_document, read)
        # Whatever was confirmed before is seen; whatever began afterwards is not.
        low = max(low, _at(ended, read.begin))
        high = min(high, -_at(begun, -read.end) or high)
        low = max([low, *(moment for end, moment in given if end < read.begin)])
        place = bisect_left(moments, low)
        if place == len(moments) or moments[place] >= high:
            found.append(f"the read of [{read.begin:.4f}, {read.end:.4f}] fits no moment from {low} to before {high}")
            continue
        given.append((read.end, moments[place]))
    return found


def unseen_s(rows: Mapping[int, str], writes: Iterable[Write], read: Read) -> float:
    """For how long the oldest answer that a read did not see had been confirmed by then, in seconds; 0 for none."""
    _, high = _moments(_by_document(rows), read)
    return max((0.0, *(read.begin - one.end for one in writes if one.first >= high)))


def _by_document(rows: Mapping[int, str]) -> dict[str, list[int]]:
    found = defaultdict(list)
    for seq in sorted(rows):
        found[rows[seq]].append(seq)
    return found


def _moments(by_document: Mapping[str, Sequence[int]], read: Read) -> tuple[int, float]:
    """The numbers, from and before, after which the documents were as they were seen."""
    low, high = 0, float("inf")
    for document, seq in read.seen.items():
        later = by_document.get(document, ())
        following = bisect_right(later, seq)
        low, high = max(low, seq), min(high, later[following] if following < len(later) else high)
    return low, high


def _running(pairs: Sequence[tuple[float, int]]) -> list[tuple[float, int]]:
    """Each time with the largest number up to it."""
    found, largest = [], None
    for time, number in pairs:
        largest = number if largest is None else max(largest, number)
        found.append((time, largest))
    return found


def _at(running: Sequence[tuple[float, int]], time: float) -> int:
    """The largest number strictly before a time; 0 where there is none."""
    place = bisect_left(running, (time, float("-inf")))
    return running[place - 1][1] if place else 0


def hold_problems(holds: Iterable[Hold], seats: Mapping[str, int]) -> list[str]:
    """Say where more had a thing at one moment than it has seats; one, where `seats` does not name it."""
    by_thing = defaultdict(list)
    for hold in holds:
        if hold.begin < hold.end:
            by_thing[hold.what].append(hold)
    found = []
    for what, its in by_thing.items():
        for hold in its:
            at_once = {other.who for other in its if other.begin <= hold.begin < other.end}
            if len(at_once) > seats.get(what, 1):
                found.append(f"{what} was with {', '.join(sorted(at_once))} at {hold.begin:.4f}")
    return found
