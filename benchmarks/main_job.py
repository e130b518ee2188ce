"""The main job on bc5cdr and nerre_general with the embedded annotator: F1, seconds, sentences a second.

python benchmarks/main_job.py [--quick] [--json] [--data ../shared/data]
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from allabel.annotate.embedded import EmbeddedAnnotator
from allabel.document import Document, span_values
from allabel.formats.registry import read_documents
from allabel.select.budget import Budget, count_tokens
from eval.bootstrap import mean_interval
from eval.simulate import demonstrations, simulate
from eval.strict import strict
from eval.value import value
from retrieval.bm25 import Bm25

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"


def read(path: Path) -> list[Document]:
    return [record.document for record in read_documents(path)]


def choose(pool: Sequence[Document], strategy: str, budget: Budget, seed: int) -> list[Document]:
    annotator = EmbeddedAnnotator()
    return [pool[i] for i in simulate(pool, strategy, budget, seed, annotator=annotator, similarity=Bm25)]


def strict_f1(shown: Sequence[Document], test: Sequence[Document]) -> dict[str, float]:
    annotator, examples = EmbeddedAnnotator(), demonstrations(shown)
    start = time.perf_counter()
    annotator.fit(examples)
    trained = time.perf_counter()
    replies = annotator.annotate([d.text for d in test], examples)
    tagged = time.perf_counter()
    scores = strict([d.entities or () for d in test], [r.spans for r in replies])
    return {"f1": scores.micro.f1, "train_s": trained - start, "sentences_per_s": len(test) / (tagged - trained)}


def value_f1(shown: Sequence[Document], test: Sequence[Document]) -> float:
    replies = EmbeddedAnnotator().annotate([d.text for d in test], demonstrations(shown))
    predicted = [span_values(d.text, r.spans) for d, r in zip(test, replies, strict=True)]
    return value([d.values or {} for d in test], predicted).micro.f1


def summary(figures: Sequence[float]) -> str:
    interval = mean_interval(list(figures))
    return f"{interval.difference:.4f} (95 % {interval.low:.4f} to {interval.high:.4f}, {len(figures)} seeds)"


def bc5cdr(data: Path, quick: bool) -> dict[str, Any]:
    pool, test = read(data / "bc5cdr/iob/train.tsv"), read(data / "bc5cdr/iob/test.tsv")
    pool, test = (pool[:1000], test[:500]) if quick else (pool, test)
    budget = Budget(len(pool) // 10, "texts")
    seeds = range(2 if quick else 5)
    runs = [strict_f1(choose(pool, "uniform", budget, seed), test) for seed in seeds]
    print(f"bc5cdr, {len(pool)} sentences as the pool, {int(budget.amount)} annotated, {len(test)} test sentences")
    print(f"  uniform       strict micro F1 {summary([r['f1'] for r in runs])}")
    print(f"                training {np.median([r['train_s'] for r in runs]):.2f} s (median)")
    print(f"                tagging  {np.median([r['sentences_per_s'] for r in runs]):.0f} sentences/s (median)")
    mean_tokens = float(np.mean([count_tokens(d.text) for d in pool])) * budget.amount
    print(f"  {mean_tokens:.0f} tokens are an average tenth")
    found: dict[str, Any] = {"uniform": runs}
    for percent in (10,) if quick else (10, 5):
        for strategy in ("allabel", "adaptive"):
            found[f"{strategy} {percent}%"] = beside_random(pool, test, strategy, percent, len(seeds))
    return found


def beside_random(
    pool: Sequence[Document], test: Sequence[Document], strategy: str, percent: int, n_seeds: int
) -> dict[str, Any]:
    """Choose by a deterministic strategy, then as many tokens at random."""
    start = time.perf_counter()
    chosen = choose(pool, strategy, Budget(len(pool) * percent // 100, "texts"), 0)
    seconds = time.perf_counter() - start
    ours, n_tokens = strict_f1(chosen, test)["f1"], sum(count_tokens(d.text) for d in chosen)
    tokens = Budget(n_tokens, "tokens")
    same = [strict_f1(choose(pool, "uniform", tokens, seed), test)["f1"] for seed in range(n_seeds)]
    print(f"  {percent:3} %  {strategy:9} {ours:.4f} (deterministic), {n_tokens} tokens, chosen in {seconds:.1f} s")
    print(f"         uniform of as many tokens {summary(same)}")
    return {"f1": ours, "tokens": n_tokens, "select_s": seconds, "uniform_same_tokens_f1": same}


def nerre(data: Path, quick: bool) -> dict[str, Any]:
    texts = {d.id: d for d in read(data / "nerre_general/spans.jsonl")}
    folds = json.loads((data / "nerre_general/folds.json").read_text(encoding="utf-8"))
    pool, test = [texts[i] for i in folds["fold_0"]["train"]], [texts[i] for i in folds["fold_0"]["val"]]
    print(f"nerre_general, fold 0, {len(pool)} abstracts as the pool, {len(test)} test abstracts, value micro F1")
    found: dict[str, Any] = {}
    for percent in (10,) if quick else (5, 10):
        budget = Budget(percent, "%")
        seeds = range(2 if quick else 10)
        random = [value_f1(choose(pool, "uniform", budget, seed), test) for seed in seeds]
        print(f"  {percent:3} %  uniform {summary(random)}")
        found[f"{percent}%"] = {"uniform": random}
        for strategy in ("allabel", "adaptive"):
            chosen = choose(pool, strategy, budget, 0)
            tokens = Budget(sum(count_tokens(d.text) for d in chosen), "tokens")
            same = [value_f1(choose(pool, "uniform", tokens, seed), test) for seed in seeds]
            ours = value_f1(chosen, test)
            print(f"         {strategy} {ours:.4f} (deterministic), {int(tokens.amount)} tokens")
            print(f"         uniform of as many tokens {summary(same)}")
            found[f"{percent}%"][strategy] = {"f1": ours, "uniform_same_tokens": same}
    found["all"] = value_f1(pool, test)
    print(f"  all    {found['all']:.4f}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of everything, under a minute")
    parser.add_argument("--json", action="store_true", help="one object with every figure, on standard output")
    parser.add_argument("--data", type=Path, default=DATA)
    options = parser.parse_args()
    if not options.data.exists():
        print(f"skipped: the data are not at {options.data}")
        return
    stdout, sys.stdout = sys.stdout, sys.stderr if options.json else sys.stdout
    found = {"bc5cdr": bc5cdr(options.data, options.quick), "nerre_general": nerre(options.data, options.quick)}
    sys.stdout = stdout
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
