"""Which way to go, in two sentences that state their own uncertainty."""

from collections.abc import Sequence

from eval.bootstrap import LEVEL, Interval
from eval.compare.compared import AtBudget, Crossing

# Resampling n seeds shows (n - 1) / n of the variance between seeds: with few of them intervals come out too narrow.
ENOUGH_SEEDS = 5


def advice(a: str, b: str, at: Sequence[AtBudget], crossings: Sequence[Crossing], *, of: str) -> str:
    """Return two sentences: which arm to take at which budget, with intervals, and what that does not show.

    A budget is decided where the interval of the difference excludes zero and p, corrected for all budgets, is under
    0.05. of: the data set and what chose the texts, in words.
    """
    takes = [
        f"{arm} at a budget of {_listed([_lead(one) for one in theirs])}"
        for arm, theirs in ((a, [one for one in at if one.leader > 0]), (b, [one for one in at if one.leader < 0]))
        if theirs
    ]
    if not takes:
        return f"{_nothing(a, b, at)} {_limits(at, [], of)}"
    lead = f"Take {', and '.join(takes)}: the lead in points of F1 and its 95 % interval"
    told = "; ".join([lead, *_crossing(crossings)])
    return f"{told}. {_limits(at, [one.budget for one in at if not one.leader], of)}"


def _nothing(a: str, b: str, at: Sequence[AtBudget]) -> str:
    corrected = f" once p is corrected for {len(at)} budgets" if len(at) > 1 else ""
    spans = _listed([f"{_inside(one.difference)} at a budget of {one.budget}" for one in at])
    return (
        f"Nothing is decided between {a} and {b}{corrected}: "
        f"the 95 % intervals of {a} less {b}, in points of F1, are {spans}."
    )


def _lead(one: AtBudget) -> str:
    d = one.difference
    ahead = d if one.leader > 0 else Interval(-d.difference, -d.high, -d.low)
    return f"{one.budget} ({_points(ahead.difference)}, {_inside(ahead)})"


def _crossing(crossings: Sequence[Crossing]) -> list[str]:
    """Say where the curves cross, in texts: the unit that all can count; "may" where under 95 % of resamples do."""
    for one in crossings:
        if one.unit == "texts" and one.at is not None:
            inside = "" if one.low is None else f", {one.low:.0f} to {one.high:.0f}"
            overtakes = "overtakes" if one.share >= LEVEL else "may overtake"
            return [
                f"{one.then} {overtakes} {one.first} at about {one.at:.0f} annotated texts "
                f"(seen in {one.share:.0%} of resamples{inside})"
            ]
    return []


def _limits(at: Sequence[AtBudget], undecided: Sequence[str], of: str) -> str:
    said = [f"undecided at a budget of {_listed(undecided)}"] if undecided else []
    n_seeds = min(one.n_seeds for one in at)
    if n_seeds == 1:
        said.append("with one seed, so intervals are of the test texts alone and say nothing of other pools")
    elif n_seeds < ENOUGH_SEEDS:
        said.append(f"with {n_seeds} seeds, which are few: intervals may be too narrow, take {ENOUGH_SEEDS} or more")
    else:
        said.append(f"with {n_seeds} seeds")
    n_docs = min(one.n_docs for one in at)
    return f"This is of {of} alone, on {n_docs} test texts, {'; '.join(said)}."


def _inside(interval: Interval) -> str:
    return f"{_points(interval.low)} to {_points(interval.high)}"


def _points(f1: float) -> str:
    return f"{100 * f1:.1f}"


def _listed(parts: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
