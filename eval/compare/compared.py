"""What a comparison of two annotators says: curves, where they cross, differences, prices, a routing, and advice.

F1 is in [0, 1] throughout; intervals are 95 %, over resampled seeds and the test texts within them.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from allabel.errors import InputError
from eval.bootstrap import Interval
from eval.compare.text import rendered

Unit = Literal["texts", "tokens", "minutes"]
UNITS: tuple[Unit, ...] = ("texts", "tokens", "minutes")


@dataclass(frozen=True, slots=True)
class Point:
    """Micro F1 at one budget: the mean over seeds with its interval, and what was annotated for it (means)."""

    budget: str
    n_texts: float
    n_tokens: float
    minutes: float
    mean: float
    low: float
    high: float
    n_seeds: int

    def units(self, unit: Unit) -> float:
        """Return what was annotated, in this unit."""
        return {"texts": self.n_texts, "tokens": self.n_tokens, "minutes": self.minutes}[unit]


@dataclass(frozen=True, slots=True)
class Curve:
    """One annotator's points, by growing budget."""

    arm: str
    strategy: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Crossing:
    """The last place where the lead changes hands as more is annotated.

    at: where the interpolated difference (linear in the logarithm of the unit) changes sign; None where it does not
    within the budgets that both arms have. first leads below it, then above it; without a crossing both name the arm
    that leads throughout, "" where neither does. share: of the bootstrap replicates that cross (this way, where `at`
    is a place); low, high: the 95 % interval among them, None where there are none.
    """

    unit: Unit
    at: float | None
    low: float | None
    high: float | None
    share: float
    first: str
    then: str

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise InputError(f"a share of {self.share} of the replicates cannot be", remedy="give one in [0, 1]")
        if (self.low is None) != (self.high is None) or (self.low is None) != (self.share == 0):
            raise InputError(
                f"a share of {self.share} with the interval {self.low} to {self.high} cannot be",
                remedy="an interval has both ends, where any replicate crosses",
            )
        if self.at is not None and self.first == self.then:
            raise InputError(f"{self.first!r} cannot overtake itself", remedy="name the two arms")


@dataclass(frozen=True, slots=True)
class AtBudget:
    """Micro F1 of A and B at one budget. difference: A less B. p: two-sided; p_holm: corrected over the budgets.

    wins: seeds in which A has the higher F1, of n_seeds. n_docs: different test texts.
    """

    budget: str
    a: float
    b: float
    difference: Interval
    p: float
    p_holm: float
    wins: int
    n_seeds: int
    n_docs: int

    @property
    def leader(self) -> int:
        """1 for A, -1 for B; 0 where the interval holds zero or the corrected p is 0.05 or more: undecided."""
        if self.p_holm >= 0.05 or not self.difference.excludes_zero:
            return 0
        return 1 if self.difference.low > 0 else -1


@dataclass(frozen=True, slots=True)
class TypeAt:
    """F1 of one label at one budget. n_gold: of a seed's test texts, the mean over seeds."""

    label: str
    budget: str
    a: float
    b: float
    difference: Interval
    n_gold: float


@dataclass(frozen=True, slots=True)
class Price:
    """What tagging 1,000 texts takes at the largest budget that both arms have, and learning once; means over seeds.

    money_per_1000: None where a seed has no price.
    """

    arm: str
    seconds_per_1000: float
    prompt_tokens_per_1000: float
    output_tokens_per_1000: float
    money_per_1000: float | None
    fit_seconds: float


@dataclass(frozen=True, slots=True)
class Routing:
    """Each label tagged by the arm that is better at it.

    choice: label to arm, by all test texts: what to use. f1 and gain are held out: each half of the test texts is
    tagged by the choice made on the other half. best_single: F1 of the better arm alone, on all test texts.
    gain: f1 less best_single.
    """

    budget: str
    choice: Mapping[str, str]
    f1: float
    best_single: float
    gain: Interval
    n_docs: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two annotators on one data set, on the seeds and test texts that both have.

    curves: of A, then of B. crossings: one a unit. prices: of A, then of B. routing: None where a note says why.
    advice: two sentences. notes: what was left out, and how to read the numbers.
    """

    data: str
    strategy: str
    a: str
    b: str
    curves: tuple[Curve, ...]
    crossings: tuple[Crossing, ...]
    at_budgets: tuple[AtBudget, ...]
    types: tuple[TypeAt, ...]
    prices: tuple[Price, ...]
    routing: Routing | None
    advice: str
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.a == self.b:
            raise InputError(f"{self.a!r} is compared with itself", remedy="name two arms")

    def to_dict(self) -> dict[str, Any]:
        """Give plain data for JSON; numbers are not rounded."""
        return asdict(self)

    def render(self) -> str:
        """Lay the comparison out for people: plain text, aligned, F1 to four digits."""
        return rendered(self)
