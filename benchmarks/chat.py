"""bc5cdr through the chat backend: F1, failures and groundings by number of demonstrations.

python benchmarks/chat.py [--base-url http://127.0.0.1:8130/v1] [--model smol] [--quick] [--json]
"""

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from main_job import DATA, choose, read

from allabel.annotate.llm.annotator import Choosing, LlmAnnotator
from allabel.annotate.llm.chat_transport import ChatTransport
from allabel.annotate.llm.forms.json_form import JsonForm
from allabel.document import Document, span_values
from allabel.reply import Reply, Status
from allabel.schema import LabelSchema
from allabel.select.budget import Budget
from eval.simulate import demonstrations
from eval.strict import strict
from eval.value import value
from retrieval.bm25 import Bm25


def mentions(reply: Reply) -> dict[str, set[str]]:
    """Group a reply's mentions by label; a reply that failed has none, and is counted beside."""
    found: dict[str, set[str]] = {}
    for proposal in reply.proposals if reply.status is Status.OK else ():
        found.setdefault(proposal.label, set()).add(proposal.mention)
    return found


def figures(test: list[Document], replies: list[Reply], seconds: float) -> dict[str, Any]:
    gold = [span_values(d.text, d.entities or ()) for d in test]
    usable = [reply.spans if reply.status is Status.OK else () for reply in replies]
    return {
        "value_f1": value(gold, [mentions(reply) for reply in replies]).micro.f1,
        "strict_f1": strict([d.entities or () for d in test], usable).micro.f1,
        "statuses": dict(Counter(str(reply.status) for reply in replies)),
        "groundings": dict(Counter(str(p.grounding) for reply in replies for p in reply.proposals)),
        "prompt_tokens": float(np.mean([reply.n_prompt_tokens for reply in replies])),
        "s_per_text": seconds / len(test),
        "median_perplexity": float(np.median([r.perplexity for r in replies if r.perplexity is not None])),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base-url", default="http://127.0.0.1:8130/v1")
    parser.add_argument("--model", default="smol")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--quick", action="store_true", help="10 sentences")
    parser.add_argument("--json", action="store_true", help="one object with every figure, on standard output")
    options = parser.parse_args()
    pool, test = read(options.data / "bc5cdr/iob/train.tsv"), read(options.data / "bc5cdr/iob/test.tsv")
    shown = demonstrations(choose(pool, "uniform", Budget(456, "texts"), 0))
    order = np.random.default_rng(0).permutation(len(test))[: 10 if options.quick else 100]
    sample = [test[i] for i in order]
    found: dict[str, Any] = {}
    for shots in (0, 4, 8):
        schema, transport = LabelSchema.of(["Chemical", "Disease"]), ChatTransport(options.base_url, options.model)
        annotator = LlmAnnotator(schema, transport, JsonForm(), Bm25, choosing=Choosing(shots))
        start = time.perf_counter()
        replies = annotator.annotate([d.text for d in sample], shown)
        found[str(shots)] = row = figures(sample, replies, time.perf_counter() - start)
        print(f"{shots} demonstrations: {json.dumps(row)}", file=sys.stderr if options.json else sys.stdout, flush=True)
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
