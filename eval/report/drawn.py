"""What the page's script draws: the numbers of each figure as plain data, rounded to four digits."""

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from statistics import fmean
from typing import Any

from allabel.runs import STRICT_MICRO, Row, t_interval
from eval.report.summary import Cells, LabelSummary, Place, Summary, budgets, lines

UNITS = {"texts": "n_texts", "tokens": "n_tokens", "minutes": "minutes"}


def short(number: float | None) -> float | None:
    """Round to four digits after the point: the page must not grow with digits that nobody reads."""
    return None if number is None else round(number, 4)


def curves(found: Cells, summed: Sequence[Summary], data: str) -> list[dict[str, Any]]:
    """Give each strategy's and arm's points with their intervals, by growing budget."""
    by_place = {summary.place: summary for summary in summed}
    order = budgets(found, data)
    return [
        {
            "strategy": strategy,
            "arm": arm,
            "points": [
                _point(by_place[place]) for budget in order if (place := Place(data, strategy, budget, arm)) in by_place
            ],
        }
        for strategy, arm in lines(found, data)
    ]


def round_curves(rounds: Sequence[Row], data: str) -> list[dict[str, Any]]:
    """Give active learning's curves: the n-th rounds of a method's seeds make one point, with its t interval.

    Rows of a seed are in the order of its rounds; one that ended earlier leaves the later points. Low and high are None
    with one seed.
    """
    ours = sorted((r for r in rounds if r.data == data and r.metric == STRICT_MICRO), key=attrgetter("method", "seed"))
    found = []
    for method, of_method in groupby(ours, key=attrgetter("method")):
        seeds = [list(group) for _, group in groupby(of_method, key=attrgetter("seed"))]
        at_round = [[seed[i] for seed in seeds if i < len(seed)] for i in range(max(map(len, seeds)))]
        found.append({"strategy": "rounds", "arm": method, "points": [_round(rows) for rows in at_round]})
    return found


def types(summed: Sequence[LabelSummary], order: Sequence[str]) -> list[dict[str, Any]]:
    """Give each label's curves by arm, the most frequent label first. order: the budgets, the smallest first."""
    labels = sorted({one.label for one in summed}, key=lambda label: (-_n_gold(summed, label), label))
    return [
        {
            "label": label,
            "n_gold": _n_gold(summed, label),
            "lines": [
                {"arm": arm, "points": [_of_label(one) for one in _sorted(summed, label, arm, order)]}
                for arm in dict.fromkeys(one.place.arm for one in summed)
            ],
        }
        for label in labels
    ]


def _n_gold(summed: Sequence[LabelSummary], label: str) -> float:
    return max(one.n_gold for one in summed if one.label == label)


def _sorted(summed: Sequence[LabelSummary], label: str, arm: str, order: Sequence[str]) -> list[LabelSummary]:
    ours = [one for one in summed if (one.label, one.place.arm) == (label, arm)]
    return sorted(ours, key=lambda one: order.index(one.place.budget))


def _of_label(one: LabelSummary) -> dict[str, Any]:
    f1 = one.f1
    return {"budget": one.place.budget, "mean": short(f1.difference), "low": short(f1.low), "high": short(f1.high)}


def _point(summary: Summary) -> dict[str, Any]:
    f1 = summary.f1
    return {
        "budget": summary.place.budget,
        "mean": short(f1.difference),
        "low": short(f1.low),
        "high": short(f1.high),
        "n_seeds": summary.n_seeds,
        **{unit: short(summary.cost[name]) for unit, name in UNITS.items()},
    }


def _round(rows: Sequence[Row]) -> dict[str, Any]:
    values = [row.value for row in rows]
    mean, low, high = t_interval(values) if len(values) > 1 else (values[0], None, None)
    return {
        "budget": f"{fmean(row.n_texts for row in rows):.0f} texts",
        "mean": short(mean),
        "low": short(low),
        "high": short(high),
        "n_seeds": len(rows),
        "texts": fmean(row.n_texts for row in rows),
        "tokens": _mean_or_none([row.n_tokens for row in rows]),
        "minutes": _mean_or_none([row.more.get("minutes") for row in rows]),
    }


def _mean_or_none(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return short(fmean(known)) if len(known) == len(values) else None
