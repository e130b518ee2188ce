"""The main table's numbers: F1 of each arm at each budget over the seeds that are done, with its interval."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from statistics import fmean
from typing import NamedTuple

import numpy as np

from allabel.document import DocId
from eval.bootstrap import Interval
from eval.experiments.measured import GOLD, IntArray, Measured, same_docs
from eval.resampled import draws_by_text, interval_of, micro_f1, replicates, seed_draws

N_DRAWS = 1000
REFERENCE = "uniform"


class Place(NamedTuple):
    """A cell of the main table."""

    data: str
    strategy: str
    budget: str
    arm: str


Docs = tuple[tuple[DocId, ...], ...]
"""The test texts of each seed."""
Draw = Callable[[Docs], tuple[list[IntArray], IntArray]]
"""Gives the weights of texts and seeds."""
Cells = dict[Place, list[Measured]]


@dataclass(frozen=True, slots=True)
class Summary:
    """One arm at one budget, over its seeds.

    f1: micro F1 in [0, 1], the mean over seeds, with its 95 % interval over seeds and the test texts within them.
    cost: the fields of `Cost`, means over seeds; money is None where a seed has no price.
    n_docs: test texts of a seed, the mean. failed_share: of replies. ungrounded_share: of proposals.
    wins: in how many of how many shared seeds F1 is above that of `uniform`; None for `uniform`, and where there is
    none. retention: (F1 - F1 without annotated texts) / (F1 at the arm's largest budget - F1 without), 0 without
    for an arm that can say nothing then; None at the largest budget itself, where there is nothing to retain, and for a
    language model that was not measured without.
    """

    place: Place
    f1: Interval
    cost: Mapping[str, float | None]
    n_seeds: int
    n_docs: float
    failed_share: float
    ungrounded_share: float
    wins: tuple[int, int] | None
    retention: Interval | None


@dataclass(frozen=True, slots=True)
class LabelSummary:
    """F1 of one label of one arm at one budget, as in `Summary`. n_gold: of a seed's test texts, the mean."""

    place: Place
    label: str
    f1: Interval
    n_gold: float


def cells(measured: Sequence[Measured]) -> Cells:
    """Bring the seeds of each place together, places in the order given."""
    found: Cells = {}
    for one in measured:
        spot = one.spot
        found.setdefault(Place(spot.data, spot.strategy, spot.budget, spot.arm), []).append(one)
    return found


def budgets(found: Cells, data: str) -> list[str]:
    """Return a data set's budgets, the smallest first by the mean number of annotated texts."""
    sizes: dict[str, list[int]] = {}
    for place, seeds in found.items():
        if place.data == data:
            sizes.setdefault(place.budget, []).extend(one.cost.n_texts for one in seeds)
    return sorted(sizes, key=lambda budget: fmean(sizes[budget]))


def lines(places: Iterable[Place], data: str) -> list[tuple[str, str]]:
    """Return a data set's strategies and arms, the arms of a strategy together, both in the order given."""
    ours = [place for place in places if place.data == data]
    strategies = list(dict.fromkeys(place.strategy for place in ours))
    return sorted(dict.fromkeys((p.strategy, p.arm) for p in ours), key=lambda line: strategies.index(line[0]))


def summaries(found: Cells) -> list[Summary]:
    """Summarise each cell."""
    draw = _drawing()
    return [_summary(found, place, draw) for place in found]


def by_label(found: Cells, data: str, taught: Mapping[str, str]) -> list[LabelSummary]:
    """Summarise each label at each budget; labels without any gold are left out. taught: arm to strategy."""
    summed, draw = [], _drawing()
    for place, seeds in found.items():
        if place.data != data or taught.get(place.arm) != place.strategy:
            continue
        for i, label in enumerate(seeds[0].labels):
            column = [one.counts[:, i : i + 1] for one in seeds]
            n_gold = fmean(int(counts[..., GOLD].sum()) for counts in column)
            if n_gold:
                drawn = replicates(column, *draw(_docs(seeds)))
                summed.append(LabelSummary(place, label, interval_of(drawn, _point(column)), n_gold))
    return summed


def largest(found: Cells, place: Place) -> Place:
    """Return the arm at its largest budget: by the same strategy where that was measured there, else by the first."""
    alike = [other for other in found if (other.data, other.arm) == (place.data, place.arm)]
    measured = {other.budget for other in alike}
    top = [budget for budget in budgets(found, place.data) if budget in measured][-1]
    return max((p for p in alike if p.budget == top), key=lambda p: p.strategy == place.strategy)


def _summary(found: Cells, place: Place, draw: Draw) -> Summary:
    seeds = found[place]
    counts = [one.counts for one in seeds]
    drawn = replicates(counts, *draw(_docs(seeds)))
    n_proposals = sum(one.n_proposals for one in seeds)
    return Summary(
        place,
        interval_of(drawn, _point(counts)),
        _mean_cost(seeds),
        len(seeds),
        fmean(len(one.docs) for one in seeds),
        sum(one.n_failed for one in seeds) / sum(len(one.docs) for one in seeds),
        sum(one.n_ungrounded for one in seeds) / n_proposals if n_proposals else 0.0,
        _wins(found, place),
        _retention(found, place, draw),
    )


def _docs(seeds: Sequence[Measured]) -> Docs:
    return tuple(one.docs for one in seeds)


def _mean_cost(seeds: Sequence[Measured]) -> dict[str, float | None]:
    costs = [asdict(one.cost) for one in seeds]
    return {
        name: None if any(cost[name] is None for cost in costs) else fmean(cost[name] for cost in costs)
        for name in costs[0]
    }


def _wins(found: Cells, place: Place) -> tuple[int, int] | None:
    ours = {one.spot.seed: one for one in found[place]}
    theirs = {one.spot.seed: one for one in found.get(place._replace(strategy=REFERENCE), [])}
    # With the whole pool there is no choice to win by: both are one result.
    shared = [seed for seed in ours.keys() & theirs.keys() if not ours[seed].key or ours[seed].key != theirs[seed].key]
    if place.strategy == REFERENCE or not shared:
        return None
    won = 0
    for seed in shared:
        docs = same_docs([ours[seed], theirs[seed]])
        a, b = (_point([one.on(docs)]) for one in (ours[seed], theirs[seed]))
        won += a > b
    return won, len(shared)


def _retention(found: Cells, place: Place, draw: Draw) -> Interval | None:
    full = largest(found, place)
    if full.budget == place.budget:
        return None
    alike = [other for other in found if (other.data, other.arm) == (place.data, place.arm)]
    without = [other for other in alike if all(one.cost.n_texts == 0 for one in found[other])][:1]
    by_seed = [{one.spot.seed: one for one in found[p]} for p in (place, full, *without)]
    shared = [seed for seed in by_seed[0] if all(seed in other for other in by_seed[1:])]
    docs = tuple(same_docs([other[seed] for other in by_seed]) for seed in shared)
    # A language model finds something without any annotated text: what that is has to be measured.
    asks_model = any(one.cost.n_prompt_tokens for one in found[full])
    if not shared or not all(docs) or (asks_model and not without):
        return None
    sides = [[other[seed].on(d) for seed, d in zip(shared, docs, strict=True)] for other in by_seed]
    # The point stands last, behind its replicates.
    here, top, *zero = [np.append(replicates(side, *draw(docs)), _point(side)) for side in sides]
    bottom = zero[0] if zero else np.zeros(1)
    gained = top - bottom
    if gained[-1] <= 0:
        return None
    # A replicate in which nothing is gained has no ratio; it is left out of the interval.
    shares = (here - bottom)[gained > 0] / gained[gained > 0]
    return interval_of(shares[:-1], float(shares[-1]))


def _point(counts: Sequence[IntArray]) -> float:
    """Micro F1 of each seed, the mean over seeds."""
    return fmean(float(micro_f1(one.sum(axis=0))) for one in counts)


def _drawing() -> Draw:
    """Draw seeds and texts, with a fixed seed: the same run gives the same page. Cells over the same texts share."""

    @lru_cache(maxsize=4)
    def draw(docs: Docs) -> tuple[list[IntArray], IntArray]:
        rng = np.random.default_rng(0)
        return draws_by_text(docs, N_DRAWS, rng), seed_draws(len(docs), N_DRAWS, rng)

    return draw
