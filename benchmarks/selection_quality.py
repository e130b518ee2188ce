"""Does the choice help? F1 of the annotator on board after each strategy's choice, on resampled pools of five corpora.

python benchmarks/selection_quality.py [--quick] [--json] [--data ../shared/data] [--out FILE] [--jobs 2] [--report]

Every run draws a pool, lets a strategy choose for a budget (gold annotates, round by round), trains on the choice and
scores the held-out texts: strict micro F1, value micro F1 where gold has no offsets. `random` at the same budget *in
tokens* is the comparison; the budget in texts stands beside it. Intervals (95 %) resample pools and, within each,
documents. Runs are appended to FILE; a rerun does what is missing.
"""

import argparse
import json
import os
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from corpora import CORPORA, DATA, resample
from intervals import f1, interval

from allabel.annotate.embedded import EmbeddedAnnotator
from allabel.document import Document, span_values
from allabel.select.budget import Budget, count_tokens
from eval.simulate import demonstrations, simulate
from eval.strict import strict_by_document
from eval.value import value_by_document
from retrieval.bm25 import Bm25

D, S, U, R = "core_set", "sum_rank", "perplexity", "uncertain_word_coverage"
W, C = "word_coverage", "coverage_per_token"


def rounds(first: str, then: str, n: int = 4) -> str:
    return f"{first}:1" + n * f",{then}:1"


ADAPTIVE = rounds(W, R)  # what the name `adaptive` stands for
MAIN = ["uniform", "allabel", ADAPTIVE, W, C, rounds("uniform", U)]
OTHERS = [D, S, "sum_rank_per_token", "coverage", "coverage_per_root_token", "facility_location", "kmeans"]
OTHERS += ["fast_vote_k", "ideal", "typiclust"]
# The annotator on board knows nothing before the first annotation: orders that begin with U draw a tenth at random.
ORDERS = [
    f"{D}:1,{U}:1,{S}:3",
    f"{S}:3,{D}:1,{U}:1",
    f"{S}:3,{U}:1,{D}:1",
    f"uniform:0.1,{U}:0.9,{D}:1,{S}:3",
    f"uniform:0.1,{U}:0.9,{S}:3,{D}:1",
]
RATIOS = [f"{D}:{d},{S}:{s},{U}:{u}" for d, s, u in [(1, 1, 1), (3, 1, 1), (1, 1, 3), (2, 2, 1), (1, 2, 2)]]
RATIOS += [f"{D}:1,{U}:4", f"{S}:3,{U}:2"]
# The default with one part changed: the start, what the rounds go by, how many they are.
ABLATION = [rounds("uniform", R), rounds(W, U), rounds(C, "uncertain_coverage"), rounds(W, R, 1), rounds(W, R, 2)]
# Pools 0 to 5 served to choose among candidates for the default; the table is of others.
FIRST_POOL = 10
SHORT = {ADAPTIVE: "adaptive"}
Job = tuple[str, int, str, float, str]


def plan(resamples: int) -> list[Job]:
    """List (corpus, resample, strategy, per cent, unit), the most telling first."""
    jobs: list[Job] = []

    def add(strategies: Sequence[str], percents: Sequence[float], unit: str, first: int, end: int) -> None:
        seeds = range(FIRST_POOL + min(first, resamples), FIRST_POOL + min(end, resamples))
        jobs.extend((c, r, s, p, unit) for r in seeds for c in CORPORA for p in percents for s in strategies)

    # Everything on a few pools first, so that a run that is stopped early tells of everything.
    every, few = [*OTHERS, *ABLATION, *ORDERS, *RATIOS], 2
    add(MAIN, (5, 10), "tokens", 0, 3 * few)
    add(every, (5, 10), "tokens", 0, few)
    add(MAIN[:4], (2, 20), "tokens", 0, few)
    add(MAIN[:4], (5, 10), "texts", 0, few)
    add(MAIN, (5, 10), "tokens", 3 * few, resamples)
    add(MAIN[:4], (2, 20), "tokens", few, resamples)
    add(MAIN[:4], (5, 10), "texts", few, resamples)
    add(every, (5, 10), "tokens", few, resamples)
    return jobs


def run(corpus: str, seed: int, jobs: Sequence[Job], most: int, data: Path) -> Iterator[dict[str, Any]]:
    """Do the jobs of one pool."""
    pool, test = resample(corpus, seed, most, data)
    index = Bm25([d.text for d in pool])
    n_tokens = np.array([count_tokens(d.text) for d in pool])
    for _, _, strategy, percent, unit in jobs:
        budget = Budget(percent, "%") if unit == "texts" else Budget(int(n_tokens.sum() * percent / 100), "tokens")
        annotator = EmbeddedAnnotator()
        chosen = simulate(pool, strategy, budget, seed, annotator=annotator, similarity=lambda texts: index)
        counts = score([pool[i] for i in chosen], test, by_value=CORPORA[corpus].by_value)
        yield {
            "corpus": corpus,
            "resample": seed,
            "strategy": strategy,
            "percent": percent,
            "unit": unit,
            "f1": f1(counts.sum(axis=0)),
            "n_texts": len(chosen),
            "n_tokens": int(n_tokens[chosen].sum()),
            "counts": counts.tolist(),
        }


def score(shown: Sequence[Document], test: Sequence[Document], *, by_value: bool) -> np.ndarray:
    """Return TP and predicted + gold of each test text: (n_test, 2)."""
    replies = EmbeddedAnnotator().annotate([d.text for d in test], demonstrations(shown))
    if by_value:
        predicted = [span_values(d.text, r.spans) for d, r in zip(test, replies, strict=True)]
        counts = value_by_document([d.values or {} for d in test], predicted)
    else:
        counts = strict_by_document([d.entities or () for d in test], [r.spans for r in replies])
    return np.array([[c.true_positive, c.predicted + c.gold] for c in counts])


def compare(ours: dict[int, dict[str, Any]], theirs: dict[int, dict[str, Any]]) -> dict[str, Any]:
    """Compare two strategies on the pools that both were run on; empty where there are none."""
    both = sorted(ours.keys() & theirs.keys())
    if not both:
        return {}
    counts = [[np.array(runs[i]["counts"]) for i in both] for runs in (ours, theirs)]
    difference, low, high = interval(*counts)
    return {
        "difference": difference,
        "low": low,
        "high": high,
        "wins": sum(ours[i]["f1"] > theirs[i]["f1"] for i in both),
        "pools": len(both),
        "tokens": float(np.mean([ours[i]["n_tokens"] / theirs[i]["n_tokens"] for i in both])),
    }


def report(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Compare every strategy with random at the same budget, pool by pool, and the default with allabel."""
    by: dict[tuple[str, float, str], dict[str, dict[int, dict[str, Any]]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        by[row["corpus"], row["percent"], row["unit"]][row["strategy"]][row["resample"]] = row
    found = []
    for (corpus, percent, unit), strategies in sorted(by.items(), key=lambda item: (item[0][2], *item[0][:2])):
        random = strategies.get("uniform", {})
        mean = np.mean([row["f1"] for row in random.values()]) if random else float("nan")
        print(f"\n{corpus}, {percent:g} % of the pool's {unit}: random {100 * mean:.1f} F1 ({len(random)} pools)")
        pairs = [(strategy, "uniform") for strategy in sorted(strategies) if strategy != "uniform"]
        for ours, theirs in [*pairs, (ADAPTIVE, "allabel")]:
            compared = compare(strategies[ours], strategies[theirs])
            if compared:
                name = SHORT.get(ours, ours) + (" against allabel" if theirs == "allabel" else "")
                sign = "above" if compared["low"] > 0 else "BELOW" if compared["high"] < 0 else ""
                print(
                    f"  {name:50} {compared['difference']:+6.1f} ({compared['low']:+.1f} to {compared['high']:+.1f}), "
                    f"wins {compared['wins']}/{compared['pools']}, {compared['tokens']:.2f} x the tokens  {sign}"
                )
                at = {"corpus": corpus, "percent": percent, "unit": unit}
                found.append(at | {"strategy": ours, "against": theirs} | compared)
    return found


def work(corpus: str, seed: int, jobs: Sequence[Job], most: int, data: Path, out: Path) -> int:
    for row in run(corpus, seed, jobs, most, data):
        # One short write a line, so that two processes may append to one file.
        with out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
    return len(jobs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two pools of 300 texts, three strategies, 10 %% only")
    parser.add_argument("--json", action="store_true", help="one object with every figure, on standard output")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--out", type=Path, default=Path("selection_quality.jsonl"), help="where runs are kept")
    parser.add_argument("--resamples", type=int, default=10)
    parser.add_argument("--most", type=int, default=2000, help="texts in a pool at most")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--report", action="store_true", help="run nothing, report what is there")
    options = parser.parse_args()
    if not options.data.exists():
        print(f"skipped: the data are not at {options.data}")
        return
    jobs, most, out = plan(options.resamples), options.most, options.out
    if options.quick:
        jobs = [(c, r, s, 10, "tokens") for c in ("bc5cdr", "anem") for r in range(2) for s in MAIN[:3]]
        most, out = 300, out.with_suffix(".quick.jsonl")
        out.unlink(missing_ok=True)
    rows = [json.loads(line) for line in out.open(encoding="utf-8")] if out.exists() else []
    known = {(r["corpus"], r["resample"], r["strategy"], r["percent"], r["unit"]) for r in rows}
    missing: dict[tuple[int, str, int], list[Job]] = defaultdict(list)
    for i, job in enumerate(jobs):
        if job not in known and not options.report:
            # A chunk holds neighbours of the plan, so that the order of the plan is roughly kept.
            missing[i // 200, job[0], job[1]].append(job)
    with ProcessPoolExecutor(options.jobs) as pool:
        waiting = [pool.submit(work, c, r, part, most, options.data, out) for (_, c, r), part in missing.items()]
        for n, done in enumerate(as_completed(waiting), start=1):
            done.result()
            print(f"{n} of {len(waiting)} chunks", file=sys.stderr, flush=True)
    rows = [json.loads(line) for line in out.open(encoding="utf-8")]
    stdout, sys.stdout = sys.stdout, sys.stderr if options.json else sys.stdout
    found = report(rows)
    sys.stdout = stdout
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
