"""Pictures of choosing: where the stages pick, what their picks bring, and what they cost."""

import math
from collections.abc import Sequence

import numpy as np
from picture_corpus import chosen, documents, f1_of, n_tokens
from picture_svg import BLUE, GREEN, LARGE, ORANGE, PURPLE, RED, SMALL, SOFT, Picture, Scale, axes, legend

from allabel.document import Document
from allabel.layout import plane
from allabel.select.budget import Budget, shares
from allabel.select.cost import CostModel
from eval.bootstrap import mean_interval
from retrieval.bm25 import Bm25

MARKS = (("circle", BLUE), ("square", ORANGE), ("triangle", RED), ("diamond", GREEN), ("cross", PURPLE))
STAGES = {
    "allabel": ((1, 3, 1), ("D, diversity", "S, similarity", "U, uncertainty")),
    "adaptive": ((1, 1, 1, 1, 1), ("word coverage", "round 1", "round 2", "round 3", "round 4")),
}
SHARE = "20%"
BUDGETS = (5, 10, 20, 40)


def where_stages_pick(quick: bool) -> Picture:
    """Draw the pool as a map, once with the picks of `allabel` and once with those of `adaptive`."""
    pool = documents("pool", quick)
    places = plane(Bm25([d.text for d in pool]).vectors(), np.random.default_rng(0))
    place = {d.id: (float(x), float(y)) for d, (x, y) in zip(pool, places, strict=True)}
    told = {name: _stages(name, len(pool), quick) for name in STAGES}
    words = "; ".join(
        f"{name}: "
        + ", ".join(f"{stage} {len(found)} texts of {n_tokens(found) / len(found):.0f} tokens" for stage, found in rows)
        for name, rows in told.items()
    )
    picture = Picture(
        f"Where the stages of allabel and of adaptive pick their {SHARE} of the shipped corpus",
        f"Two maps of the same {len(pool)} sentences; those that share words lie together. {words}.",
        680,
        520,
    )
    for i, (name, rows) in enumerate(told.items()):
        left = 10 + 340 * i
        picture.text(left + 5, 24, name, size=LARGE, bold=True)
        picture.box(left, 36, 320, 320, stroke="#999999")
        x, y = Scale((0, 1), (left + 12, left + 308)), Scale((0, 1), (344, 48))
        for d in pool:
            picture.mark("circle", x(place[d.id][0]), y(place[d.id][1]), fill="#c4c4c4", r=3)
        for (shape, colour), (_, found) in zip(MARKS, rows, strict=False):
            for d in found:
                picture.mark(shape, x(place[d.id][0]), y(place[d.id][1]), fill=colour)
        legend(
            picture,
            left + 12,
            382,
            [
                (shape, colour, f"{stage}: {len(found)} texts, {n_tokens(found) / len(found):.0f} tokens each")
                for (shape, colour), (stage, found) in zip(MARKS, rows, strict=False)
            ],
        )
    mean = n_tokens(pool) / len(pool)
    picture.text(10, 508, f"grey: the other sentences of the pool, which have {mean:.0f} tokens on average", fill=SOFT)
    return picture


def what_picks_bring(quick: bool) -> Picture:
    """Draw F1 by the tokens that were read, for adaptive, allabel and random choice."""
    seeds, budgets = range(3 if quick else 10), [f"{percent}%" for percent in BUDGETS]
    rows = []
    for budget in budgets:
        tokens = float(np.mean([n_tokens(chosen("uniform", budget, seed, quick)) for seed in seeds]))
        found = mean_interval([f1_of("uniform", budget, seed, quick) for seed in seeds])
        rows.append((tokens, found.difference, found.low, found.high))
    curves = {f"random, mean of {len(seeds)} seeds": (("cross", SOFT), [(n, f1) for n, f1, _, _ in rows])}
    for mark, name in zip(MARKS, ("adaptive", "allabel"), strict=False):
        points = [(float(n_tokens(chosen(name, b, 0, quick))), f1_of(name, b, 0, quick)) for b in budgets]
        curves[name] = (mark, points)
    spent = [n for _, points in curves.values() for n, _ in points]
    low = int(10 * min(f1 for _, points in curves.values() for _, f1 in points))
    picture = Picture("", "", 640, 440)
    x, y = Scale((0.9 * min(spent), 1.1 * max(spent)), (70, 610), log=True), Scale((low / 10, 0.9), (370, 50))
    told = [n for n in (125, 250, 500, 1000, 2000) if min(spent) <= n <= max(spent)]
    ticks = [(float(n), f"{n:,}") for n in told], [(f / 10, f"{f / 10:.1f}") for f in range(low, 10)]
    axes(picture, x, y, ticks, ("tokens that the expert read (logarithmic)", "strict micro F1 on 84 other sentences"))
    upper = [(x(n), y(min(0.9, high))) for n, _, _, high in rows]
    picture.area(upper + [(x(n), y(max(low / 10, bottom))) for n, _, bottom, _ in reversed(rows)], fill=SOFT)
    said = []
    for name, ((shape, colour), points) in curves.items():
        picture.path([(x(n), y(f1)) for n, f1 in points], stroke=colour)
        for n, f1 in points:
            picture.mark(shape, x(n), y(f1), fill=colour, r=6)
        said.append(f"{name}: " + ", ".join(f"{n:.0f} tokens {f1:.2f}" for n, f1 in points))
    legend(picture, 400, 285, [(*mark, name) for name, (mark, _) in curves.items()])
    picture.text(394, 357, "grey: 95 % of that mean", fill=SOFT)
    picture.title = "F1 on the shipped corpus by the tokens that were read: adaptive, allabel and random choice"
    picture.description = f"At {', '.join(budgets)} of the sentences. {'; '.join(said)}."
    return picture


def what_picks_cost(quick: bool) -> Picture:
    """Draw the minutes of a tenth of the texts, by strategy: opening, reading and marking."""
    strategies = ("uniform", "sum_rank", "core_set", "allabel", "adaptive")
    found = {name: _spent(name, range((3 if quick else 10) if name == "uniform" else 1), quick) for name in strategies}
    most = 4 * math.ceil(max(sum(parts) for parts, _, _ in found.values()) / 4)
    picture = Picture("", "", 680, 336)
    x = Scale((0, most), (120, 540))
    for tick in range(0, most + 1, 4):
        picture.line(x(tick), 50, x(tick), 262)
        picture.text(x(tick), 282, str(tick), anchor="middle", fill=SOFT, size=SMALL + 1)
    picture.text(x(most / 2), 304, "estimated minutes of an expert", anchor="middle")
    n_texts = Budget.parse("10%").n_texts(len(documents("pool", quick)))
    for words, at in ((f"{n_texts} sentences by each strategy", 120), ("tokens", 575), ("F1", 640)):
        picture.text(at, 30, words)
    told = []
    for i, (name, (parts, tokens, f1)) in enumerate(found.items()):
        top, at = 58 + 41 * i, 0.0
        picture.text(110, top + 19, name, anchor="end")
        for minutes, colour in zip(parts, (SOFT, BLUE, ORANGE), strict=True):
            picture.box(x(at), top, x(minutes) - x(0), 28, fill=colour)
            at += minutes
        picture.text(x(at) + 6, top + 19, f"{at:.1f}")
        picture.text(575, top + 19, f"{tokens:.0f}")
        picture.text(640, top + 19, f"{f1:.2f}")
        told.append(f"{name} {at:.1f} minutes, {tokens:.0f} tokens, F1 {f1:.2f}")
    for i, (words, colour) in enumerate((("opening", SOFT), ("reading", BLUE), ("marking", ORANGE))):
        picture.box(120 + 110 * i, 316, 12, 12, fill=colour)
        picture.text(138 + 110 * i, 327, words)
    picture.title = "What a tenth of the sentences costs, by the strategy that chose them"
    picture.description = f"Minutes by the cost model as it is before any time is logged. {'; '.join(told)}."
    return picture


def _spent(name: str, seeds: Sequence[int], quick: bool) -> tuple[list[float], float, float]:
    """Return minutes of opening, reading and marking a tenth of the texts, its tokens and its F1: means over seeds."""
    cost = CostModel()
    of_seeds = [chosen(name, "10%", seed, quick) for seed in seeds]
    parts = np.mean([_seconds(texts, cost) for texts in of_seeds], axis=0) / 60
    f1 = float(np.mean([f1_of(name, "10%", seed, quick) for seed in seeds]))
    return parts.tolist(), float(np.mean([n_tokens(texts) for texts in of_seeds])), f1


def _stages(name: str, n_pool: int, quick: bool) -> list[tuple[str, Sequence[Document]]]:
    """Return what each stage chose; budgets in texts are paid in whole texts, so shares tell the stages apart."""
    weights, names = STAGES[name]
    found = chosen(name, SHARE, 0, quick)
    ends = np.cumsum(shares(Budget.parse(SHARE).n_texts(n_pool), weights)).tolist()
    return [(stage, found[start:end]) for stage, start, end in zip(names, [0, *ends], ends, strict=False)]


def _seconds(texts: Sequence[Document], cost: CostModel) -> tuple[float, float, float]:
    """Return the seconds of opening, reading and marking these texts."""
    n_entities = sum(len(d.entities or ()) for d in texts)
    return cost.fixed_s * len(texts), cost.per_token_s * n_tokens(texts), cost.per_entity_s * n_entities
