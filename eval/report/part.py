"""One data set's part of the page: its tables, comparisons, and what the script draws of it."""

from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass
from itertools import groupby
from typing import Any

from allabel.errors import InputError
from eval.compare.compare import compare
from eval.compare.compared import Comparison
from eval.experiments.measured import Measured
from eval.report.drawn import curves, round_curves, short, types
from eval.report.looked import Looked, look
from eval.report.material import Material
from eval.report.summary import Cells, Place, Summary, budgets, by_label, largest, lines


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the main table: a cell for each budget, None where it is not done.

    n_of_strategy: how many lines the strategy has, at the first of them; 0 at the others.
    """

    strategy: str
    arm: str
    n_of_strategy: int
    cells: list[Summary | None]


@dataclass(frozen=True, slots=True)
class Part:
    """What the page says of one data set.

    id: of its section. plan: one summary for each strategy and budget, for its cost. arms: each arm's at its largest
    budget. types: each label's lines, by the choices of type_strategy. rounds: the curves of active learning.
    looked: None where nothing but active learning was run.
    has_wins, has_retention: whether any cell has. warnings: what the reader has to know first. drawn: for the script.
    """

    id: str
    name: str
    budgets: list[str]
    lines: list[Line]
    plan: list[Summary]
    arms: list[Summary]
    n_cells: int
    n_replies: int
    n_seeds: int
    has_wins: bool
    has_retention: bool
    comparisons: list[Comparison]
    type_strategy: str
    types: list[dict[str, Any]]
    rounds: list[dict[str, Any]]
    looked: Looked | None
    warnings: list[str]
    drawn: dict[str, Any]


def parts(material: Material, measured: Sequence[Measured], found: Cells, summed: Sequence[Summary]) -> list[Part]:
    """Return each data set's part, in the order of the plan; those of which only rounds are done come last."""
    names = dict.fromkeys([*(place.data for place in found), *(row.data for row in material.rounds())])
    return [_part(material, measured, found, summed, name, f"d{i}") for i, name in enumerate(names)]


def _part(
    material: Material, measured: Sequence[Measured], found: Cells, summed: Sequence[Summary], name: str, id_: str
) -> Part:
    ours = [one for one in measured if one.spot.data == name]
    own = [one for one in summed if one.place.data == name]
    by_place = {one.place: one for one in own}
    order = budgets(found, name)
    comparisons, warnings = _compared(material, measured, name)
    taught = _taught(own, comparisons)
    of_types = types(by_label(found, name, taught), order)
    in_rounds = round_curves(material.rounds(), name)
    looked = look(material, ours, _pair(comparisons)) if ours else None
    return Part(
        id=id_,
        name=name,
        budgets=order,
        lines=_lines(by_place, name, order),
        plan=list({(one.place.strategy, one.place.budget): one for one in reversed(own)}.values())[::-1],
        arms=list({one.place.arm: by_place[largest(found, one.place)] for one in own}.values()),
        n_cells=len(ours),
        n_replies=sum(len(one.docs) for one in ours),
        n_seeds=max((one.n_seeds for one in own), default=0),
        has_wins=any(one.wins for one in own),
        has_retention=any(one.retention for one in own),
        comparisons=comparisons,
        type_strategy=" / ".join(dict.fromkeys(taught.values())),
        types=of_types,
        rounds=in_rounds,
        looked=looked,
        warnings=[*_few_seeds(own, name), *warnings],
        drawn={
            **{"id": id_, "budgets": order, "curves": [*curves(found, summed, name), *in_rounds]},
            **{"types": [one["lines"] for one in of_types], "forests": [_forest(one) for one in comparisons]},
            "looked": looked and asdict(looked),
        },
    )


def _lines(by_place: dict[Place, Summary], name: str, order: Sequence[str]) -> list[Line]:
    made = []
    for strategy, group in groupby(lines(by_place, name), key=lambda line: line[0]):
        arms = [arm for _, arm in group]
        for i, arm in enumerate(arms):
            row = [by_place.get(Place(name, strategy, budget, arm)) for budget in order]
            made.append(Line(strategy, arm, 0 if i else len(arms), row))
    return made


def _compared(material: Material, measured: Sequence[Measured], name: str) -> tuple[list[Comparison], list[str]]:
    """Compare each pair of arms; what cannot be compared (yet) is told, and the rest of the page still made."""
    made, warnings = [], []
    for a, b, strategy in material.pairs():
        try:
            made.append(compare(measured, a, b, data=name, strategy=strategy))
        except InputError as error:
            warnings.append(f"{a} and {b} are not compared on {name}: {error.problem}")
    return made, warnings


def _taught(own: Sequence[Summary], comparisons: Sequence[Comparison]) -> dict[str, str]:
    """Each arm's strategy in its first comparison; in none, the first that it was measured with."""
    first = {one.place.arm: one.place.strategy for one in reversed(own)}
    return first | {curve.arm: curve.strategy for one in reversed(comparisons) for curve in one.curves}


def _pair(comparisons: Sequence[Comparison]) -> list[tuple[str, str, str]]:
    """The arms of the first comparison, at the largest budget that both have."""
    return [(curve.arm, one.at_budgets[-1].budget, curve.strategy) for one in comparisons[:1] for curve in one.curves]


def _few_seeds(own: Sequence[Summary], name: str) -> list[str]:
    single = sum(one.n_seeds == 1 for one in own)
    if not single:
        return []
    which = "every cell of" if single == len(own) else f"{single} of {len(own)} cells of"
    return [f"One seed in {which} {name}: intervals there are of the test texts alone and say nothing of other pools."]


def _forest(compared: Comparison) -> dict[str, Any]:
    at = compared.at_budgets
    return {
        "a": compared.a,
        "b": compared.b,
        "points": [[one.budget, *map(short, astuple(one.difference))] for one in at],
    }
