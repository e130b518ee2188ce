"""Does it help rare types to spend the budget where they are suggested? Macro F1 of the annotator on board.

python benchmarks/rare_choosing.py [--corpora anem,gmb_subset] [--seeds 3] [--pool 1000] [--test 500] [--percent 6]
    [--data ../shared/data] [--out FILE] [--report] [--quick] [--json]

Each run draws a pool by the seed, lets a strategy choose (gold annotates, round by round), trains on the choice and
scores strict spans on the same test sentences: the mean of the types' F1. All have the same budget in tokens.
Intervals (95 %) resample seeds and, within each, test sentences. Runs are appended to FILE; a rerun does what is
missing.
"""

import argparse
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from imbalance_report import by_type, counts_of, interval, macro, micro
from selection_quality import ADAPTIVE, W, rounds
from tagged_sentences import CORPORA, DATA, draw

from allabel.active.sentence import Sentence
from allabel.annotate.embedded import EmbeddedAnnotator
from allabel.document import Document, Span
from allabel.select.budget import Budget, count_tokens
from eval.simulate import demonstrations, simulate
from eval.strict import by_label
from retrieval.bm25 import Bm25

ARMS = {"random": "uniform", "adaptive": ADAPTIVE, "rare_types": rounds(W, "rare_types")}
PAIRS = (("adaptive", "random"), ("rare_types", "random"), ("rare_types", "adaptive"))
Row = Mapping[str, Any]


def documents(sentences: Sequence[Sentence]) -> list[Document]:
    return [Document(s.id, s.text, s.spans()) for s in sentences]


def counts(
    gold: Sequence[Sequence[Span]], found: Sequence[Sequence[Span]], labels: Sequence[str]
) -> list[tuple[int, int, int, int, int]]:
    """Return (text, label, right, predicted, gold) where any is above 0: what `counts_of` reads."""
    return [
        (i, labels.index(label), count.true_positive, count.predicted, count.gold)
        for i, both in enumerate(zip(gold, found, strict=True))
        for label, count in by_label(*both).items()
    ]


def run(corpus: str, seed: int, arm: str, given: argparse.Namespace) -> dict[str, Any]:
    pool, test = (documents(part) for part in draw(corpus, seed, given.pool, given.test, given.data))
    n_tokens = np.array([count_tokens(d.text) for d in pool])
    budget = Budget(int(n_tokens.sum() * given.percent / 100), "tokens")
    began = time.perf_counter()
    chosen = simulate(pool, ARMS[arm], budget, seed, annotator=EmbeddedAnnotator(), similarity=Bm25)
    seconds = time.perf_counter() - began
    shown, labels = [pool[i] for i in chosen], CORPORA[corpus].labels
    replies = EmbeddedAnnotator().annotate([d.text for d in test], demonstrations(shown))
    return {
        "corpus": corpus,
        "seed": seed,
        "arm": arm,
        "pool": given.pool,
        "percent": given.percent,
        "n_test": len(test),
        "labels": labels,
        "counts": counts([d.entities or () for d in test], [reply.spans for reply in replies], labels),
        "gold": {label: sum(s.label == label for d in shown for s in d.entities or ()) for label in labels},
        "n_texts": len(chosen),
        "n_tokens": int(n_tokens[chosen].sum()),
        "seconds": seconds,
    }


def report(rows: Sequence[Row], pairs: Sequence[tuple[str, str]] = PAIRS) -> list[dict[str, Any]]:
    """Print each corpus's macro and micro F1 by arm, and the differences with their intervals, and return them."""
    cells: dict[str, dict[str, dict[int, Row]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        cells[row["corpus"]][row["arm"]][row["seed"]] = row
    found: list[dict[str, Any]] = []
    for corpus, arms in cells.items():
        print(f"\n{corpus}: macro F1, micro F1, F1 by type (entities annotated)")
        for arm, runs in arms.items():
            sums = [counts_of(row).sum(0) for row in runs.values()]
            of_macro = 100 * float(np.mean([macro(one)[2] for one in sums]))
            of_micro = 100 * float(np.mean([micro(one) for one in sums]))
            gold = {x: np.mean([row.get("gold", {}).get(x, 0) for row in runs.values()]) for x in by_type(runs)}
            types = ", ".join(f"{x} {f1:.0f} ({gold[x]:.0f})" for x, f1 in by_type(runs).items())
            print(f"  {arm:12} {of_macro:5.1f}  {of_micro:5.1f}  {len(runs)} seeds  {types}")
            found.append({"corpus": corpus, "arm": arm, "seeds": len(runs), "macro_f1": of_macro, "micro_f1": of_micro})
        for ours, theirs in pairs:
            both = sorted(arms[ours].keys() & arms[theirs].keys())
            if both:
                gain = interval(*([counts_of(arms[arm][seed]) for seed in both] for arm in (ours, theirs)))
                print(f"  {ours} less {theirs}: {gain[0]:+.1f} ({gain[1]:+.1f} to {gain[2]:+.1f}) macro F1")
                found.append({"corpus": corpus, "arm": ours, "against": theirs, "seeds": len(both), "gain": gain})
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", default="anem,gmb_subset", help=f"of {', '.join(CORPORA)}")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--pool", type=int, default=1000, help="sentences")
    parser.add_argument("--test", type=int, default=500, help="sentences")
    parser.add_argument("--percent", type=float, default=6, help="of the pool's tokens")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--out", type=Path, default=Path("rare_choosing.jsonl"), help="where runs are kept")
    parser.add_argument("--report", action="store_true", help="run nothing, report what is there")
    parser.add_argument("--quick", action="store_true", help="one pool of 200 sentences a corpus")
    parser.add_argument("--json", action="store_true", help="one object with every figure, on standard output")
    given = parser.parse_args()
    if not given.data.exists():
        print(f"skipped: the data are not at {given.data}")
        return
    if given.quick:
        given.seeds, given.pool, given.test = 1, 200, 100
    asked = list(product(range(given.seeds), given.corpora.split(","), ARMS))
    rows = [json.loads(line) for line in given.out.open(encoding="utf-8")] if given.out.exists() else []
    size = (given.pool, given.percent, given.test)
    rows = [row for row in rows if (row["pool"], row["percent"], row["n_test"]) == size]
    done = {(row["seed"], row["corpus"], row["arm"]) for row in rows}
    for seed, corpus, arm in asked:
        if (seed, corpus, arm) not in done and not given.report:
            rows.append(run(corpus, seed, arm, given))
            with given.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(rows[-1]) + "\n")
            print(f"{corpus} {seed} {arm}: {rows[-1]['seconds']:.0f} s to choose", file=sys.stderr, flush=True)
    stdout, sys.stdout = sys.stdout, sys.stderr if given.json else sys.stdout
    found = report(rows)
    sys.stdout = stdout
    if given.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
