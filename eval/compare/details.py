"""What stands beside the main numbers of a comparison: each type, what tagging costs, and how to read it all."""

from collections.abc import Mapping, Sequence

import numpy as np

from eval.compare.compared import Price, Routing, TypeAt, Unit
from eval.compare.drawn import Drawn, mean_f1
from eval.compare.ground import Ground, Side
from eval.experiments.measured import GOLD, PREDICTED, IntArray, Measured
from eval.resampled import interval_of


def types(ground: Ground, drawn: Drawn) -> tuple[TypeAt, ...]:
    """Return F1 of each label that occurs in gold or prediction, at each shared budget."""
    return tuple(one for budget in ground.budgets for one in _types_at(ground, drawn, budget))


def price(ground: Ground, side: Side) -> Price:
    """Return what tagging and learning took at the largest shared budget, the means over its seeds."""
    budget = ground.budgets[-1]
    measured = side.at(budget, ground.seeds(side, budget))
    costs = [m.cost for m in measured]
    money = [cost.money for cost in costs if cost.money is not None]
    return Price(
        side.arm,
        _per_1000([cost.tag_s for cost in costs], measured),
        _per_1000([cost.n_prompt_tokens for cost in costs], measured),
        _per_1000([cost.n_output_tokens for cost in costs], measured),
        _per_1000(money, measured) if len(money) == len(costs) else None,
        float(np.mean([cost.fit_s for cost in costs])),
    )


def notes(ground: Ground, n_crossings: Mapping[Unit, int], routing: Routing | None) -> list[str]:
    """Say in words how to read the comparison. n_crossings: how often the mean curves cross, in each unit."""
    said = []
    free = [k for k in ground.budgets if any(m.cost.n_texts == 0 for m in _at(ground, k))]
    if free:
        said.append(f"in no crossing: {', '.join(free)}, as zero texts have no place on a logarithmic scale")
    if len(ground.budgets) - len(free) < 2:
        said.append("fewer than two shared budgets: no crossing can be seen")
    said += [f"in {unit} the curves cross {n} times: the last is given" for unit, n in n_crossings.items() if n > 1]
    said.append("intervals of single types are not corrected for the number of types")
    costs = [m.cost for m in _at(ground, ground.budgets[-1])]
    if any(cost.n_recalled for cost in costs):
        said.append("seconds: some answers were there from before, and count with the time they took then")
    if any(cost.jobs > 1 for cost in costs):
        said.append(f"seconds: measured with up to {max(cost.jobs for cost in costs)} processes at work at once")
    if n := sum(cost.n_choosing_tokens for cost in costs):
        said.append(
            f"choosing asked the language model too: {n:,} tokens more at the largest budget, not in the prices"
        )
    if routing is None:
        said.append("no routing by type: it takes two labels and two test texts")
    else:
        said.append("routing adds up each type's spans: overlaps between the two arms' spans are not resolved")
    return said


def _at(ground: Ground, budget: str) -> list[Measured]:
    seeds = ground.seeds(ground.a, budget)
    return [m for side in (ground.a, ground.b) for m in side.at(budget, seeds)]


def _types_at(ground: Ground, drawn: Drawn, budget: str) -> list[TypeAt]:
    seeds = ground.seeds(ground.a, budget)
    a, b = (ground.counts(side, budget, seeds) for side in (ground.a, ground.b))
    total = np.concatenate([*a, *b]).sum(axis=0)
    return [
        _type_at(drawn, seeds, label, budget, [x[:, i : i + 1] for x in a], [y[:, i : i + 1] for y in b])
        for i, label in enumerate(ground.labels)
        if total[i, PREDICTED] + total[i, GOLD] > 0
    ]


def _type_at(
    drawn: Drawn, seeds: tuple[int, ...], label: str, budget: str, a: Sequence[IntArray], b: Sequence[IntArray]
) -> TypeAt:
    """a, b: one (n_docs, 1, 3) a seed."""
    point_a, point_b = mean_f1(a), mean_f1(b)
    difference = interval_of(drawn.f1(a, seeds) - drawn.f1(b, seeds), point_a - point_b)
    n_gold = float(np.mean([c[..., GOLD].sum() for c in a]))
    return TypeAt(label, budget, point_a, point_b, difference, n_gold)


def _per_1000(values: Sequence[float], measured: Sequence[Measured]) -> float:
    """What all test texts of a seed took, as of 1,000 texts; the mean over seeds."""
    return float(np.mean([1000 * value / len(m.docs) for value, m in zip(values, measured, strict=True)]))
