"""Where two curves of F1 cross, as more is annotated: linear between budgets in the logarithm of what was annotated."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from eval.bootstrap import LEVEL, FloatArray
from eval.compare.compared import Crossing, Unit


@dataclass(frozen=True, slots=True)
class Line:
    """One arm's curve. units: (k,), what was annotated, over 0. f1: (k,)."""

    units: FloatArray
    f1: FloatArray


@dataclass(frozen=True, slots=True)
class Change:
    """The lead changes hands. at: in the unit. sign: of A less B below it, 1 or -1."""

    at: float
    sign: int


def changes(a: Line, b: Line) -> list[Change]:
    """Return where the lead changes hands within the range that both curves cover, by growing units.

    Where the two are even over a stretch and then change hands, it is the stretch's middle (of the logarithms). Even at
    an end, or touching without changing hands, is no change.
    """
    x, d = _difference(a, b)
    told = np.flatnonzero(d)
    found = []
    for i, j in pairwise(told.tolist()):
        if (d[i] > 0) == (d[j] > 0):
            continue
        even = (x[i + 1] + x[j - 1]) / 2
        at = x[i] + (x[j] - x[i]) * d[i] / (d[i] - d[j]) if j == i + 1 else even
        found.append(Change(float(np.exp(at)), 1 if d[i] > 0 else -1))
    return found


def crossing(
    unit: Unit, names: tuple[str, str], point: tuple[Line, Line], drawn: Iterable[tuple[Line, Line]]
) -> Crossing:
    """Return the last crossing of two mean curves, with the interval that replicates of them give.

    names: of A and B. drawn: the same two curves from each bootstrap replicate. Where the mean curves cross, replicates
    count that cross the same way, each with its last such crossing; otherwise those that cross at all.
    """
    found = changes(*point)
    last = found[-1] if found else None
    ways = {1, -1} if last is None else {last.sign}
    replicates = [[c.at for c in changes(a, b) if c.sign in ways] for a, b in drawn]
    places = np.log([ats[-1] for ats in replicates if ats])
    low, high = np.exp(np.quantile(places, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])) if len(places) else (None, None)
    first, then = _leaders(names, point, last)
    return Crossing(
        unit,
        None if last is None else last.at,
        None if low is None else float(low),
        None if high is None else float(high),
        len(places) / len(replicates),
        first,
        then,
    )


def _leaders(names: tuple[str, str], point: tuple[Line, Line], last: Change | None) -> tuple[str, str]:
    a, b = names
    if last is not None:
        return (a, b) if last.sign > 0 else (b, a)
    _, d = _difference(*point)
    leader = a if (d > 0).any() else b if (d < 0).any() else ""
    return leader, leader


def _difference(a: Line, b: Line) -> tuple[FloatArray, FloatArray]:
    """Return log units and A less B, (m,) each, at the points of either curve within the range of both."""
    (xa, ya), (xb, yb) = _in_order(a), _in_order(b)
    x = xa if np.array_equal(xa, xb) else np.union1d(xa, xb)  # the one grid of most replicates, without a sort
    if not len(xa) or not len(xb):
        return x[:0], x[:0]
    x = x[(x >= max(xa[0], xb[0])) & (x <= min(xa[-1], xb[-1]))]
    difference: FloatArray = np.interp(x, xa, ya) - np.interp(x, xb, yb)
    return x, difference


def _in_order(line: Line) -> tuple[FloatArray, FloatArray]:
    order = np.argsort(line.units, kind="stable")
    return np.log(line.units[order]), line.f1[order]
