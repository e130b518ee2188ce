"""The table and the picture of `imbalance.py`."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Row = Mapping[str, Any]
Key = tuple[str, str, str]  # corpus, tagger, method
N_DRAWN = 1000
_COLORS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22")


def counts_of(row: Row) -> np.ndarray:
    """Return (n_test, n_labels, 3): right, predicted, gold."""
    whole = np.zeros((row["n_test"], len(row["labels"]), 3))
    for i, label, *counts in row["counts"]:
        whole[i, label] = counts
    return whole


def macro(sums: np.ndarray) -> np.ndarray:
    """Return macro precision, recall and F1, (..., 3), of (..., n_labels, 3); types that the test has not are left out.

    The F1 is the mean of the types' F1, as is the precision of theirs.
    """
    right, predicted, gold = np.moveaxis(sums, -1, 0)
    each = np.stack(
        [right / np.maximum(1, predicted), right / np.maximum(1, gold), 2 * right / np.maximum(1, predicted + gold)], -1
    )
    there = (gold > 0)[..., None]
    return (each * there).sum(axis=-2) / np.maximum(1, there.sum(axis=-2))


def micro(sums: np.ndarray) -> float:
    """Return micro F1 of (n_labels, 3)."""
    right, predicted, gold = sums.sum(axis=0)
    return float(2 * right / max(1, predicted + gold))


def interval(ours: Sequence[np.ndarray], theirs: Sequence[np.ndarray]) -> tuple[float, float, float]:
    """Return the mean difference of macro F1 in points over seeds and its 95 % interval.

    Seeds are resampled, and test sentences within each; both sides get the same.
    """
    rng = np.random.default_rng(0)
    drawn = []
    for a, b in zip(ours, theirs, strict=True):
        weights = rng.multinomial(len(a), np.full(len(a), 1 / len(a)), size=N_DRAWN)
        drawn.append([macro(np.tensordot(weights, one, axes=1))[:, 2] for one in (a, b)])
    per_seed = np.array([x - y for x, y in drawn])
    picks = rng.integers(len(per_seed), size=per_seed.shape)
    low, high = np.quantile(np.take_along_axis(per_seed, picks, axis=0).mean(axis=0), [0.025, 0.975])
    mean = np.mean([macro(a.sum(0))[2] - macro(b.sum(0))[2] for a, b in zip(ours, theirs, strict=True)])
    return 100 * float(mean), 100 * float(low), 100 * float(high)


def report(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Print, for each corpus and tagger, every method beside the untreated corpus, and return it."""
    cells: dict[Key, dict[int, Row]] = defaultdict(dict)
    for row in rows:
        cells[row["corpus"], row["tagger"], row["method"]][row["seed"]] = row
    found = []
    before = ("", "")
    for (corpus, tagger, method), runs in sorted(cells.items(), key=lambda item: item[0][:2]):
        plain = cells.get((corpus, tagger, "none"), {})
        if (corpus, tagger) != before:
            before = (corpus, tagger)
            print(f"\n{corpus}, {tagger}: macro F1, less none (95 %), micro F1, growth of sentences, seconds")
        seeds = sorted(runs)
        counts = {seed: counts_of(runs[seed]) for seed in seeds}
        of_macro = 100 * float(np.mean([macro(counts[seed].sum(0))[2] for seed in seeds]))
        of_micro = 100 * float(np.mean([micro(counts[seed].sum(0)) for seed in seeds]))
        both = [seed for seed in seeds if seed in plain]
        gain = interval([counts[s] for s in both], [counts_of(plain[s]) for s in both]) if both else None
        factor, seconds = (float(np.mean([run[name] for run in runs.values()])) for name in ("factor", "seconds"))
        told = "" if gain is None or method == "none" else f"{gain[0]:+5.1f} ({gain[1]:+5.1f} to {gain[2]:+5.1f})"
        print(
            f"  {method:18} {of_macro:5.1f}  {told:25} {of_micro:5.1f}  {factor:4.2f}  {seconds:6.1f}  "
            f"{len(seeds)} seeds"
        )
        found.append(
            {
                "corpus": corpus,
                "tagger": tagger,
                "method": method,
                "seeds": len(seeds),
                "macro_f1": of_macro,
                "micro_f1": of_micro,
                "gain": gain,
                "factor": factor,
                "by_type": by_type(runs),
            }
        )
    return found


def by_type(runs: Mapping[int, Row]) -> dict[str, float]:
    """Return each type's F1 in points, of all seeds together."""
    rows = list(runs.values())
    sums = np.sum([counts_of(row).sum(0) for row in rows], axis=0)
    return {
        label: float(200 * right / max(1, predicted + gold))
        for label, (right, predicted, gold) in zip(rows[0]["labels"], sums.tolist(), strict=True)
    }


def picture(rows: Sequence[Row]) -> str:
    """Return an SVG: for each corpus and tagger, macro precision and recall, an arrow from none to each method."""
    points: dict[Key, list[np.ndarray]] = defaultdict(list)
    for row in rows:
        points[row["corpus"], row["tagger"], row["method"]].append(macro(counts_of(row).sum(0)))
    mean = {key: np.mean(values, axis=0) for key, values in points.items()}
    corpora, taggers = (list(dict.fromkeys(row[name] for row in rows)) for name in ("corpus", "tagger"))
    methods = [m for m in dict.fromkeys(row["method"] for row in rows) if m != "none"]
    colors = dict(zip(methods, _COLORS, strict=False))
    size, gap = 190, 44
    parts = []
    for column, tagger in enumerate(taggers):
        for line, corpus in enumerate(corpora):
            x, y = gap + column * (size + gap), gap + line * (size + gap)
            parts.append(f'<rect x="{x}" y="{y}" width="{size}" height="{size}" fill="none" stroke="#bbb"/>')
            parts.append(f'<text x="{x}" y="{y - 6}">{corpus}, {tagger}</text>')
            here = {m: v for (c, t, m), v in mean.items() if (c, t) == (corpus, tagger)}
            if "none" not in here:
                continue
            low = np.min(list(here.values()), axis=0)[:2] - 0.02
            wide = max(1e-9, float((np.max(list(here.values()), axis=0)[:2] + 0.02 - low).max()))

            def at(point: np.ndarray, x: int = x, y: int = y, low: np.ndarray = low, wide: float = wide) -> list[float]:
                precision, recall = (point[:2] - low) / wide * size
                return [round(x + recall, 1), round(y + size - precision, 1)]

            sx, sy = at(here["none"])
            parts.append(f'<circle cx="{sx}" cy="{sy}" r="3"/>')
            for method, point in here.items():
                if method != "none":
                    ex, ey = at(point)
                    parts.append(
                        f'<line x1="{sx}" y1="{sy}" x2="{ex}" y2="{ey}" stroke="{colors[method]}" stroke-width="1.5"/>'
                        f'<circle cx="{ex}" cy="{ey}" r="2.5" fill="{colors[method]}"><title>{method}</title></circle>'
                    )
            top = low + wide
            parts.append(f'<text x="{x}" y="{y + size + 12}" fill="#777">{low[1]:.2f} recall {top[1]:.2f}</text>')
            parts.append(f'<text x="{x + 3}" y="{y + 12}" fill="#777">precision {low[0]:.2f} to {top[0]:.2f}</text>')
    height = gap + len(corpora) * (size + gap) + 20
    for i, method in enumerate(methods):
        parts.append(f'<text x="{gap + 110 * i}" y="{height - 6}" fill="{colors[method]}">{method}</text>')
    width = max(gap + len(taggers) * (size + gap), gap + 110 * len(methods))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" '
        f'font-size="11">{"".join(parts)}</svg>\n'
    )
