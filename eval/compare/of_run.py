"""All comparisons of a run: the two arms that are named, or those that the experiment's file names."""

from collections.abc import Sequence
from typing import Protocol

from allabel.errors import InputError
from eval.compare.compare import compare
from eval.compare.compared import Comparison
from eval.compare.named import names_of
from eval.experiments.measured import Measured

Pair = tuple[str, str, str | None]
"""Two arms, and what chose the texts; None for the first strategy that both have."""


class Run(Protocol):
    """A run of an experiment: `eval.experiments.run_folder.RunFolder` is one."""

    def measured(self) -> list[Measured]:
        """Return what is done."""
        ...

    def pairs(self) -> Sequence[Pair]:
        """Return the arms that the experiment's file wants compared."""
        ...


def compare_run(
    run: Run, pair: tuple[str, str] | None, *, data: str | None = None, strategy: str | None = None
) -> list[Comparison]:
    """Compare pairs of arms on data sets.

    pair: two arms; None for the experiment's own pairs. data: None for every data set that has both arms of a pair.
    strategy: instead of what the experiment's file names.
    Raises InputError where there is nothing done, no pair, or a pair without a data set in common; and as `compare`.
    """
    measured = run.measured()
    if not measured:
        raise InputError("the run has no results yet", remedy="run the experiment first")
    pairs = [(*pair, strategy)] if pair else [(a, b, strategy or named) for a, b, named in run.pairs()]
    if not pairs:
        raise InputError(
            "the experiment names no arms to compare",
            remedy=f"give --a and --b, or a [[compare]] table in its file; {_arms(measured)}",
        )
    return [
        compare(measured, a, b, data=name, strategy=by)
        for a, b, by in pairs
        for name in ([data] if data is not None else _data_sets(measured, a, b))
    ]


def _data_sets(measured: Sequence[Measured], a: str, b: str) -> list[str]:
    """Return the data sets of both arms; where an arm has none at all, the first, on which `compare` names it."""
    names = {side: [m.spot.data for m in measured if side in names_of(m.spot)] for side in (a, b)}
    if not all(names.values()):
        return [measured[0].spot.data]
    both = [name for name in dict.fromkeys(names[a]) if name in names[b]]
    if not both:
        raise InputError(f"{a} and {b} share no data set", remedy=f"name two arms of one data set; {_arms(measured)}")
    return both


def _arms(measured: Sequence[Measured]) -> str:
    return f"there are {', '.join(dict.fromkeys(m.spot.arm for m in measured))}"
