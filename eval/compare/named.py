"""The two sides of a comparison by name: an arm, or "ARM by STRATEGY", the arm as one strategy taught it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from eval.experiments.measured import Measured, Spot


def names_of(spot: Spot) -> tuple[str, str]:
    """Return what a comparison may call a result by: its arm, or arm and strategy."""
    return spot.arm, f"{spot.arm} by {spot.strategy}"


def named(measured: Sequence[Measured], sides: Iterable[str]) -> list[Measured]:
    """Return the results, and once more under that name those of a side that names arm and strategy."""
    found = list(measured)
    arms = {one.spot.arm for one in measured}
    for side in sides:
        if side not in arms:
            found += [
                replace(one, spot=replace(one.spot, arm=side)) for one in measured if side == names_of(one.spot)[1]
            ]
    return found
