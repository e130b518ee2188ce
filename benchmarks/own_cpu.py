"""What a text costs us in CPU, apart from the server and HTTP: retrieve, prompt, read, parse, ground, score, store.

The whole path of `allabel tag` runs in this process, with a transport that has every answer at once: sentences of
BC5CDR, 8 demonstrations of 456, the gold as the model's JSON, and a completion of some 3.5 characters a token with
log-probabilities as vLLM sends them. CPU is that of all threads, the writers' included; the index over the
demonstrations is in it, imports are not.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Any
from unittest import mock

from corpora import DATA, read

from allabel.annotate.base import Demonstration
from allabel.annotate.llm import annotator as annotating
from allabel.annotate.llm import assemble, completion
from allabel.annotate.llm.annotator import Choosing, LlmAnnotator
from allabel.annotate.llm.base import Answer, Check, Request, Transport, nothing_wrong
from allabel.annotate.llm.choose_demonstrations import DemonstrationChooser
from allabel.annotate.llm.forms import grouped_form
from allabel.annotate.llm.forms.grouped_form import GroupedForm
from allabel.document import Document
from allabel.reply import Status
from allabel.schema import LabelSchema
from allabel.store import Store
from allabel.tagging import StoreMemory, tag
from retrieval.bm25 import Bm25

BAR_MS = 1.0
N_SHOWN, SHOTS, WARM_UP, MOST = 456, 8, 200, 4000
SCHEMA = LabelSchema.of(["Chemical", "Disease"])
# What is timed by itself: the step's name, where the function is looked up, and its name there.
STEPS: tuple[tuple[str, Any, str], ...] = (
    ("retrieve demonstrations", DemonstrationChooser, "choose"),
    ("split long texts", annotating, "windows"),
    ("fit the prompt", annotating, "fit"),
    ("hash the key", annotating, "cache_key"),
    ("hash the prompt", annotating, "prompt_hash"),
    ("recall answers", StoreMemory, "recall"),
    ("read the completion", completion, "read"),
    ("list the strings of the text", grouped_form, "copies"),
    ("parse the answer", GroupedForm, "read"),
    ("ground mentions", assemble, "ground_mentions"),
    ("score mentions", assemble, "scores"),
    ("perplexity", assemble, "perplexity"),
    ("store answers and calls", StoreMemory, "_write"),
    ("store replies", Store, "add_tagged"),
)


def gold_answers(documents: Sequence[Document]) -> dict[str, str]:
    """Return each text's right answer in the `grouped` form."""
    form = GroupedForm()
    return {d.text: form.answer(Demonstration(d.id, d.text, d.entities or ()), SCHEMA.names) for d in documents}


def body(content: str) -> bytes:
    """Write a chat completion of this content as vLLM does."""
    sizes = (3, 4)
    pieces, done = [], 0
    while done < len(content):
        pieces.append(content[done : done + sizes[len(pieces) % 2]])
        done += len(pieces[-1])
    tokens = [
        {"token": piece, "logprob": -0.01 * (1 + n % 7), "bytes": list(piece.encode()), "top_logprobs": []}
        for n, piece in enumerate([*pieces, "<|im_end|>"])
    ]
    choice = {
        "index": 0,
        "finish_reason": "stop",
        "message": {"role": "assistant", "content": content},
        "logprobs": {"content": tokens},
    }
    usage = {"prompt_tokens": 700, "completion_tokens": len(tokens), "total_tokens": 700 + len(tokens)}
    whole = {"id": "c", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage}
    return json.dumps(whole).encode()


class AtOnce:
    """A transport that has every completion already, as it came over the wire."""

    model, stopped = "m", ""
    identity: Mapping[str, Any] = {"transport": "chat", "model": "m", "temperature": 0.0, "seed": 0}

    def __init__(self, bodies: Mapping[str, bytes]) -> None:
        self._bodies = bodies

    def report(self) -> str:
        return ""

    def send(
        self, requests: Sequence[Request], got: Callable[[int, Answer], None], check: Check = nothing_wrong
    ) -> None:
        for i, request in enumerate(requests):
            answer = completion.read(self._bodies[request.messages[-1]["content"]], 1024)
            assert not check(i, answer)
            got(i, answer)


@dataclass
class Work:
    """Texts to tag and what to show for them. No text is there twice, so that each has an answer of its own."""

    documents: Sequence[Document]
    shown: Sequence[Demonstration]
    answers: Mapping[str, str]

    @classmethod
    def of(cls, n: int, data: Path = DATA) -> "Work":
        """Take the first n sentences of the test files that are not in the pool."""
        pool = read(data, ("bc5cdr/iob/train.tsv",))
        known = {d.text for d in pool}
        documents = [d for d in read(data, ("bc5cdr/iob/test.tsv",)) if d.text not in known][:n]
        shown = [Demonstration(d.id, d.text, d.entities or ()) for d in pool[:: len(pool) // N_SHOWN][:N_SHOWN]]
        return cls(documents, shown, gold_answers(documents))

    def tag(self, transport: Transport) -> tuple[float, float]:
        """Tag everything, and return CPU and wall seconds."""
        with tempfile.TemporaryDirectory() as folder, Store.create(Path(folder) / "project.db") as store:
            store.add_documents(self.documents)
            cpu, wall = time.process_time(), time.perf_counter()
            annotator = LlmAnnotator(SCHEMA, transport, GroupedForm(), Bm25, choosing=Choosing(SHOTS))
            annotator.remember(StoreMemory(store, "chat"))
            tagged = list(tag(store, annotator, self.documents, self.shown, lambda _: None))
            taken = time.process_time() - cpu, time.perf_counter() - wall
            assert {one.reply.status for one in tagged} == {Status.OK}
            assert all(p.score and p.span for one in tagged for p in one.reply.proposals)
            assert len(store.tagged()) == store.calls_summary().n_calls == len(self.documents)
        return taken


@contextmanager
def steps_timed() -> Iterator[dict[str, float]]:
    """Add up the CPU seconds that each step takes in its thread."""
    seconds: dict[str, float] = defaultdict(float)

    def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def run(*arguments: Any, **named: Any) -> Any:
            start = time.thread_time()
            try:
                return function(*arguments, **named)
            finally:
                seconds[name] += time.thread_time() - start

        return run

    with ExitStack() as stack:
        for name, owner, attribute in STEPS:
            if hasattr(owner, attribute):
                stack.enter_context(mock.patch.object(owner, attribute, timed(name, getattr(owner, attribute))))
        yield seconds


def once(n: int, *, by_steps: bool) -> dict[str, Any]:
    """Measure in this process, which has tagged other texts before and none of these."""
    work = Work.of(n + WARM_UP)
    transport = AtOnce({text: body(content) for text, content in work.answers.items()})
    replace(work, documents=work.documents[n:]).tag(transport)
    work = replace(work, documents=work.documents[:n])
    if not by_steps:
        cpu, wall = work.tag(transport)
        return {"cpu_ms": 1000 * cpu / n, "wall_ms": 1000 * wall / n}
    with steps_timed() as seconds:
        cpu, _ = work.tag(transport)
    steps = {name: 1000 * seconds[name] / n for name, *_ in STEPS}
    return {"steps_ms": {**steps, "everything else": 1000 * cpu / n - sum(steps.values())}}


def measure(n: int, rounds: int) -> dict[str, Any]:
    """Return the CPU of our own part in milliseconds a text, the median of some rounds, and of each step.

    Each round has a process of its own: no cache knows its texts.
    """

    def apart(*flags: str) -> dict[str, Any]:
        ended = subprocess.run(
            [sys.executable, __file__, "--texts", str(n), *flags], stdout=subprocess.PIPE, check=True
        )
        found: dict[str, Any] = json.loads(ended.stdout)
        return found

    taken = sorted((apart() for _ in range(rounds)), key=lambda one: float(one["cpu_ms"]))[rounds // 2]
    return {"texts": n, "rounds": rounds, "bar_ms": BAR_MS, **taken, **apart("--steps")}


def printed(found: Mapping[str, Any]) -> None:
    """Print the table."""
    for name, ms in sorted(found["steps_ms"].items(), key=lambda step: -float(step[1])):
        print(f"  {name:26} {ms:6.3f} ms")
    print(f"  {'all, not timed by steps':26} {found['cpu_ms']:6.3f} ms CPU a text; bar {found['bar_ms']:g}")
    if "http_cpu_ms" in found:
        print(f"  {'what HTTP adds':26} {found['http_cpu_ms']:6.3f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--steps", action="store_true", help="time the steps instead of the whole")
    options = parser.parse_args()
    print(json.dumps(once(options.texts, by_steps=options.steps)))
