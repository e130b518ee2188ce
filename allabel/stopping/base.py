"""What every stop signal says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

# Fewer annotated texts, or fewer of them in the last round, carry no signal.
FEWEST_ANNOTATED, FEWEST_IN_ROUND = 20, 5


class Verdict(StrEnum):
    """What a signal advises."""

    GO_ON = "go on"
    MAY_STOP = "may stop"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal: its name, what it advises, the sentence that says why, and its numbers by name."""

    name: str
    verdict: Verdict
    sentence: str
    values: Mapping[str, float]

    @classmethod
    def unknown(cls, name: str, reason: str) -> "Signal":
        """Make a signal that cannot tell, and why."""
        return cls(name, Verdict.CANNOT_TELL, reason, {})


def nobodys(n: int, n_open: int) -> str:
    """Name the texts that a share was measured on: all `n_open` that nobody annotated, or `n` drawn from them."""
    return f"the {n} texts that nobody annotated" if n == n_open else f"{n} texts drawn from the {n_open} not annotated"


def overall(signals: Sequence[Signal]) -> str:
    """Sum the signals up in one line."""
    n_stop = sum(signal.verdict == Verdict.MAY_STOP for signal in signals)
    n_unknown = sum(signal.verdict == Verdict.CANNOT_TELL for signal in signals)
    if signals and n_unknown == len(signals):
        return f"none of the {len(signals)} signals can tell yet whether more annotation is worth it"
    said = f"{n_stop} of {len(signals)} signals say that more annotation changes little"
    return said + (f"; {n_unknown} cannot tell" if n_unknown else "")
