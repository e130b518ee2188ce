"""Does a language model find more of rare types where their demonstrations are among those it is shown? Macro F1.

python benchmarks/rare_retrieving.py [--base-url http://127.0.0.1:8130/v1] [--model smol] [--corpora anem,gmb_subset]
    [--seeds 3] [--shots 4] [--sentences 400] [--texts 60] [--each 0] [--out FILE] [--dry] [--report] [--quick] [--json]

plain: the nearest demonstrations. cover_rare: with one for each rare label that the text may hold. Both draw from the
same annotated sentences, by the seed, and tag the same test sentences: so many that hold an entity, and those without
one that come between them. Few of them hold a rare one; `--each 5` puts five of each type first. `--dry` asks no model
and tells what is shown. Intervals (95 %) resample seeds and, within each, test sentences. Runs are appended to FILE; a
rerun does what is missing.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from llm import Condition, annotator
from rare_choosing import counts, documents, report
from tagged_sentences import CORPORA, DATA, draw

from allabel.annotate.base import Demonstration
from allabel.annotate.llm.annotator import Choosing
from allabel.annotate.llm.cover_labels import rare_labels
from allabel.annotate.llm.forms.grouped_form import GroupedForm
from allabel.document import Document
from allabel.schema import LabelSchema
from eval.simulate import demonstrations
from retrieval.bm25 import Bm25

ARMS = ("plain", "cover_rare")
PAIRS = (("cover_rare", "plain"),)
SIZE = ("sentences", "texts", "each", "shots")


def until(test: Sequence[Document], n_holding: int, each: int) -> list[Document]:
    """Return texts in their order until so many of them hold an entity, the first `each` of each type before others."""
    found: dict[str, list[int]] = {}
    for i, document in enumerate(test):
        for label in {span.label for span in document.entities or ()}:
            found.setdefault(label, []).append(i)
    first = {i for places in found.values() for i in places[:each]}
    order = [*sorted(first), *(i for i in range(len(test)) if i not in first)]
    holding = np.cumsum([bool(test[i].entities) for i in order])
    return [test[i] for i in order[: int(np.searchsorted(holding, n_holding)) + 1]]


def shares(given: Sequence[Demonstration], test: Sequence[Document], shots: int) -> dict[str, float]:
    """Return the share of texts that `cover_rare` shows others; how many hold a rare label, by label, and the share of
    these that are shown it, by arm."""
    texts, rare = [d.text for d in test], rare_labels(given)
    found = [choosing(arm, shots).chooser(given, Bm25).choose(texts) for arm in ARMS]
    wanted = [{span.label for span in d.entities or ()} & rare for d in test]
    n_wanted = max(1, sum(map(len, wanted)))

    def seen(row: Sequence[Demonstration]) -> set[str]:
        return {span.label for d in row for span in d.entities}

    told = [sum(len(w & seen(row)) for w, row in zip(wanted, rows, strict=True)) for rows in found]
    changed = float(np.mean([a != b for a, b in zip(*found, strict=True)]))
    shown = {f"shown_{arm}": n / n_wanted for arm, n in zip(ARMS, told, strict=True)}
    return {"changed": changed, "rare": float(sum(map(len, wanted))), **shown}


def choosing(arm: str, shots: int) -> Choosing:
    plain = Choosing(shots, exclude_near_duplicates=True)
    return plain if arm == "plain" else replace(plain, cover_rare=True)


def run(corpus: str, seed: int, arms: Sequence[str], options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield a row an arm; only what is shown where the run is dry."""
    labels = CORPORA[corpus].labels
    pool, drawn = (documents(part) for part in draw(corpus, seed, options.sentences, 20 * options.texts, options.data))
    test, given = until(drawn, options.texts, options.each), demonstrations(pool)
    row = {"corpus": corpus, "seed": seed, "n_test": len(test), "labels": labels}
    row |= {name: getattr(options, name) for name in SIZE}
    found = shares(given, test, options.shots)
    told = ", ".join(f"{name} {share:.2f}" for name, share in found.items())
    print(f"{corpus} {seed}: {len(test)} texts; {told}", file=sys.stderr, flush=True)
    for arm in () if options.dry else arms:
        # Small models loop: the more labels there are, the more lists they fill.
        form, schema = GroupedForm(max_names=16), LabelSchema.of(labels)
        ours = annotator(Condition(choosing(arm, options.shots), form, schema=schema), options)
        start = time.perf_counter()
        replies = ours.annotate([d.text for d in test], given)
        yield (
            row
            | found
            | {
                "arm": arm,
                "statuses": dict(Counter(str(reply.status) for reply in replies)),
                "counts": counts([d.entities or () for d in test], [reply.spans for reply in replies], labels),
                "seconds": time.perf_counter() - start,
            }
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-url", default="http://127.0.0.1:8130/v1")
    parser.add_argument("--model", default="smol")
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--max-output-tokens", type=int, default=384, help="a small model that loops is cut off there")
    parser.add_argument("--corpora", default="anem,gmb_subset", help=f"of {', '.join(CORPORA)}")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--shots", type=int, default=4)
    parser.add_argument("--sentences", type=int, default=400, help="to draw demonstrations from")
    parser.add_argument("--texts", type=int, default=60, help="test sentences that hold an entity")
    parser.add_argument("--each", type=int, default=0, help="test sentences of each type at least, where there are")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--out", type=Path, default=Path("rare_retrieving.jsonl"), help="where runs are kept")
    parser.add_argument("--dry", action="store_true", help="ask no model")
    parser.add_argument("--report", action="store_true", help="run nothing, report what is there")
    parser.add_argument("--quick", action="store_true", help="one seed, 10 texts")
    parser.add_argument("--json", action="store_true", help="one object with every figure, on standard output")
    options = parser.parse_args()
    if not options.data.exists():
        print(f"skipped: the data are not at {options.data}")
        return
    if options.quick:
        options.seeds, options.texts = 1, 10
    rows = [json.loads(line) for line in options.out.open(encoding="utf-8")] if options.out.exists() else []
    rows = [row for row in rows if all(row[name] == getattr(options, name) for name in SIZE)]
    done = {(row["seed"], row["corpus"], row["arm"]) for row in rows}
    for seed, corpus in product(range(options.seeds), options.corpora.split(",")):
        missing = [arm for arm in ARMS if (seed, corpus, arm) not in done and not options.report]
        for row in run(corpus, seed, missing, options) if missing else ():
            with options.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            rows.append(row)
    stdout, sys.stdout = sys.stdout, sys.stderr if options.json else sys.stdout
    found = report(rows, PAIRS)
    sys.stdout = stdout
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
