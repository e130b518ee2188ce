"""Two annotators on one budget: where one overtakes the other, what each costs, and how sure that is."""

from collections.abc import Mapping, Sequence

import numpy as np

from eval.compare.advice import advice
from eval.compare.compared import UNITS, AtBudget, Comparison, Curve, Unit
from eval.compare.crossing import Line, changes, crossing
from eval.compare.details import notes, price, types
from eval.compare.drawn import Drawn, Replicated, mean_f1, replicated
from eval.compare.ground import Ground, Side, common_ground
from eval.compare.named import named
from eval.compare.routing import routing
from eval.experiments.measured import Measured
from eval.holm import holm
from eval.resampled import interval_of, p_value


def compare(
    measured: Sequence[Measured],
    a: str,
    b: str,
    *,
    data: str,
    strategy: str | None = None,
    seed: int = 0,
    n: int = 2000,
) -> Comparison:
    """Compare two arms on the budgets, seeds and test texts of a data set that both have.

    a, b: an arm, or "ARM by STRATEGY", so that two strategies can be compared too.
    strategy: what taught both; None for the first in the list that both have. seed, n: of the bootstrap. Seeds are
    resampled, and test texts within; the same weights serve both arms and all budgets, so differences are paired.
    Raises UnknownNameError where the data set, an arm or its strategy was not measured, naming the nearest; InputError
    where the arms share nothing.
    Sources: Efron and Tibshirani 1993 (bootstrap); Holm 1979.
    """
    rng = np.random.default_rng(seed)
    ground = common_ground(named(measured, (a, b)), a, b, data, strategy)
    drawn = Drawn.over(ground, n, rng)
    sides = ground.a, ground.b
    of_a, of_b = (replicated(ground, drawn, side) for side in sides)
    at_budgets = _at_budgets(ground, of_a, of_b)
    lines = {unit: (_lines(ground, of_a, unit), _lines(ground, of_b, unit)) for unit in UNITS}
    crossings = tuple(
        crossing(unit, (a, b), (x[0], y[0]), zip(x[1:], y[1:], strict=True)) for unit, (x, y) in lines.items()
    )
    routed = routing(ground, drawn, rng)
    by = " / ".join(dict.fromkeys(side.strategy for side in sides))
    several = {unit: len(changes(x[0], y[0])) for unit, (x, y) in lines.items()}
    return Comparison(
        data=data,
        strategy=by,
        a=a,
        b=b,
        curves=(_curve(ground.a, of_a), _curve(ground.b, of_b)),
        crossings=crossings,
        at_budgets=at_budgets,
        types=types(ground, drawn),
        prices=tuple(price(ground, side) for side in sides),
        routing=routed,
        advice=advice(a, b, at_budgets, crossings, of=f"{data} taught by {by}"),
        notes=(*ground.left_out, *notes(ground, several, routed)),
    )


def _curve(side: Side, found: Mapping[str, Replicated]) -> Curve:
    return Curve(side.arm, side.strategy, tuple(one.point for one in found.values()))


def _at_budgets(ground: Ground, of_a: Mapping[str, Replicated], of_b: Mapping[str, Replicated]) -> tuple[AtBudget, ...]:
    differences = [of_a[budget].f1 - of_b[budget].f1 for budget in ground.budgets]
    p_values = [p_value(difference) for difference in differences]
    found = []
    for budget, drawn, p, p_holm in zip(ground.budgets, differences, p_values, holm(p_values), strict=True):
        seeds = ground.seeds(ground.a, budget)
        both = zip(*(ground.counts(side, budget, seeds) for side in (ground.a, ground.b)), strict=True)
        wins = sum(mean_f1([x]) > mean_f1([y]) for x, y in both)
        a, b = of_a[budget].point.mean, of_b[budget].point.mean
        difference = interval_of(drawn, a - b)
        found.append(AtBudget(budget, a, b, difference, p, p_holm, wins, len(seeds), ground.n_docs(seeds)))
    return tuple(found)


def _lines(ground: Ground, found: Mapping[str, Replicated], unit: Unit) -> list[Line]:
    """Return the curve over the shared budgets, of the means and then of each replicate.

    A budget that costs nothing on some seed is left out: zero has no logarithm.
    """
    shown = [found[budget] for budget in ground.budgets if found[budget].units[unit].min() > 0]
    means = Line(np.array([one.point.units(unit) for one in shown]), np.array([one.point.mean for one in shown]))
    n = len(found[ground.budgets[0]].f1)
    units = np.array([one.units[unit] for one in shown]).reshape(-1, n)
    f1 = np.array([one.f1 for one in shown]).reshape(-1, n)
    return [means, *(Line(units[:, i], f1[:, i]) for i in range(n))]
