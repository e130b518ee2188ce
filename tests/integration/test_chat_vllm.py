"""The chat annotator against a real vLLM server (see ALLABEL_TEST_LLM)."""

import asyncio
import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from with_vllm import URL

from allabel.annotate.base import Demonstration
from allabel.annotate.canary import prove
from allabel.annotate.llm.annotator import Choosing, LlmAnnotator
from allabel.annotate.llm.base import Answer, Check, Request, nothing_wrong
from allabel.annotate.llm.chat_transport import ChatTransport
from allabel.annotate.llm.forms.json_form import JsonForm
from allabel.annotate.llm.memory import Asked, Forgetful
from allabel.annotate.llm.prompt import messages, request
from allabel.annotate.llm.server_window import ask_window
from allabel.annotate.llm.structured import Structured
from allabel.annotate.llm.window import Window
from allabel.annotate.perplexity import perplexity
from allabel.document import DocId, Document, Span
from allabel.errors import ServerError
from allabel.reply import Status
from allabel.schema import LabelSchema
from retrieval.base import TopK
from retrieval.bm25 import Bm25

pytestmark = [pytest.mark.vllm, pytest.mark.enable_socket]

HOME = Path(os.environ.get("ALLABEL_LLM_HOME") or Path.home() / ".cache" / "allabel-llm")
SCHEMA = LabelSchema.of(["Chemical", "Disease"])
DEMONSTRATIONS = [
    Demonstration(DocId("a"), "Cocaine caused seizures in rats .", (Span(0, 7, "Chemical"), Span(15, 23, "Disease"))),
    Demonstration(DocId("b"), "Patients with gout took aspirin .", (Span(14, 18, "Disease"), Span(24, 31, "Chemical"))),
    Demonstration(DocId("c"), "The study was short .", ()),
]
TEXT = "Morphine caused seizures in mice ."
BAR = 0.02


class InOrder:
    """Ranks texts as they stand."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._n = len(texts)

    def __len__(self) -> int:
        return self._n

    def search(self, queries: Sequence[str], k: int) -> TopK:
        k = min(k, self._n)
        return TopK(np.tile(np.arange(k), (len(queries), 1)), np.zeros((len(queries), k)))


class Kept(Forgetful):
    """Keeps what was asked for the test to see, and recalls nothing."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []

    @contextmanager
    def keeping(self) -> Iterator[Callable[[Asked], None]]:
        yield self.asked.append


def annotator(model: str, shots: int = 2, structured: Structured = "response_format", **more: Any) -> LlmAnnotator:
    transport = ChatTransport(URL, model, max_output_tokens=256, structured=structured)
    return LlmAnnotator(SCHEMA, transport, JsonForm(), InOrder, choosing=Choosing(shots), **more)


def answers(
    model: str, requests: Sequence[Request], structured: Structured = "response_format", n_tokens: int = 128
) -> list[Answer]:
    """Send requests one at a time, in order."""
    got: list[Answer] = []
    transport = ChatTransport(URL, model, max_output_tokens=n_tokens, structured=structured, concurrency=1)
    transport.send(requests, lambda i, answer: got.append(answer))
    return got


@pytest.mark.parametrize("structured", ["response_format", "structured_outputs"])
def test_a_real_server_keeps_to_the_schema_and_tells_its_perplexity(model: str, structured: Structured) -> None:
    (reply,) = annotator(model, structured=structured).annotate([TEXT], DEMONSTRATIONS)
    assert reply.status is Status.OK, reply
    assert reply.demonstrations == ("a", "b")
    assert reply.perplexity is not None
    assert reply.perplexity > 1
    assert reply.n_prompt_tokens > 0
    assert reply.n_output_tokens > 0


def test_a_real_server_is_asked_for_a_model_that_it_has_not(model: str) -> None:
    with pytest.raises(ServerError, match="has no model") as caught:
        annotator("nobody/nothing").annotate(["HCl"], [])
    assert model in str(caught.value)


@pytest.mark.parametrize("structured", ["response_format", "structured_outputs"])
def test_labels_are_the_schemas_even_where_everything_shown_has_another(model: str, structured: Structured) -> None:
    poison = LabelSchema.of(["Poison"])
    shown = [
        Demonstration(d.id, d.text, tuple(Span(s.start, s.end, "Poison") for s in d.entities)) for d in DEMONSTRATIONS
    ]
    tempting = messages(JsonForm(), TEXT, shown[:2], poison)
    (free,) = answers(model, [Request(tempting, None)])
    assert "Poison" in free.content  # else nothing would show that it is the schema which binds
    (bound,) = answers(model, [request(JsonForm(), tempting, SCHEMA)], structured)
    mentions = JsonForm().read(bound.content, TEXT, SCHEMA)
    assert mentions
    assert {mention.label for mention in mentions} <= set(SCHEMA.names)


def test_every_mention_has_the_score_of_the_tokens_that_wrote_it(
    model: str, bc5cdr: Callable[[str, int], list[Document]]
) -> None:
    kept = Kept()
    replies = annotator(model, memory=kept).annotate([d.text for d in bc5cdr("test", 20)], DEMONSTRATIONS)
    proposals = [p for reply in replies if reply.status is Status.OK for p in reply.proposals]
    assert len(proposals) >= 10
    for p in proposals:
        assert p.score is not None
        assert 0 < p.score <= 1
    assert len({p.score for p in proposals}) > len(proposals) // 2
    for asked in kept.asked:
        written = b"".join(token.bytes for token in asked.answer.tokens).decode()
        assert written.removesuffix("<|im_end|>") == asked.answer.content


def test_the_canary_passes_by_the_two_ways_that_bind_and_names_one_that_the_server_ignores(model: str) -> None:
    from openai import AsyncOpenAI

    def old_style(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
        return {"extra_body": {"guided_json": dict(schema)}}

    async def old() -> None:
        async with AsyncOpenAI(base_url=URL, api_key="EMPTY") as client:
            await prove(client, model, {"temperature": 0.0}, old_style, "guided_json")

    for structured in ("response_format", "structured_outputs"):
        answers(model, [request(JsonForm(), messages(JsonForm(), TEXT, (), SCHEMA), SCHEMA)], structured, 16)
    with pytest.raises(ServerError, match="ignores `guided_json`: asked for one certain word by JSON schema") as caught:
        asyncio.run(old())
    assert "vLLM 0.12 or later does" in str(caught.value)


def server_window(model: str) -> Window:
    from openai import OpenAI

    window = ask_window(OpenAI(base_url=URL, api_key="EMPTY"), model, 1024)
    assert window is not None
    return window


def test_the_window_is_the_servers_and_prompts_are_counted_as_it_counts_them(model: str) -> None:
    window = server_window(model)
    assert window.max_tokens == 4096
    assert window.count is not None
    shown = [messages(JsonForm(), TEXT, DEMONSTRATIONS[:k], SCHEMA) for k in range(4)]
    replies = answers(model, [Request(each, None) for each in shown], n_tokens=16)
    assert [window.count(each) for each in shown] == [answer.n_prompt_tokens for answer in replies]


def test_a_prompt_too_long_for_the_server_drops_the_least_similar_demonstrations(model: str) -> None:
    window = server_window(model)
    assert window.count is not None
    long = [Demonstration(DocId(str(i)), f"{i} : " + "Cocaine caused seizures in rats . " * 60, ()) for i in range(12)]
    asks = annotator(model, shots=12, window=lambda: window)
    (reply,) = asks.annotate([TEXT], long)
    assert reply.status is Status.OK, reply
    k = len(reply.demonstrations)
    assert 0 < k < 12
    assert reply.demonstrations == tuple(str(i) for i in range(k))
    one_more = window.count(messages(JsonForm(), TEXT, long[: k + 1], SCHEMA))
    assert reply.n_prompt_tokens <= window.room < one_more
    assert f"{12 - k} demonstrations were left out of the prompts of 1 of 1 texts" in " ".join(asks.report())


class Noting(ChatTransport):
    """Sends as ever, and notes which request each first answer is to."""

    def send(
        self, requests: Sequence[Request], got: Callable[[int, Answer], None], check: Check = nothing_wrong
    ) -> None:
        self.noted: dict[int, tuple[Request, Answer]] = {}

        def note(i: int, answer: Answer) -> None:
            self.noted[i] = requests[i], answer
            got(i, answer)

        super().send(requests, note, check)


@pytest.mark.parametrize(
    ("structured", "distribution"), [("response_format", "masked"), ("none", "raw")], ids=["bound", "unbound"]
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_perplexity_is_that_of_transformers_on_the_same_weights(
    model: str, bc5cdr: Callable[[str, int], list[Document]], structured: Structured, distribution: str
) -> None:
    """Bound by a schema, vLLM gives the probabilities among the tokens that the schema allows, else the model's own."""
    python, weights = HOME / "venv" / "bin" / "python", HOME / model
    if not (python.exists() and weights.exists()):
        pytest.skip(f"the server's environment and weights are not at {HOME} (set ALLABEL_LLM_HOME)")
    shown = [Demonstration(d.id, d.text, d.entities or ()) for d in bc5cdr("train", 200)]
    transport = Noting(URL, model, max_output_tokens=160, structured=structured)
    asks = LlmAnnotator(SCHEMA, transport, JsonForm(), Bm25, choosing=Choosing(2))
    replies = asks.annotate([d.text for d in bc5cdr("test", 24)], shown)
    # What was asked again was asked with another prompt.
    once = [i for i, (_, answer) in sorted(transport.noted.items()) if answer.n_attempts == 1][:20]
    assert len(once) >= 15
    compared = transformers_say(python, weights, [transport.noted[i] for i in once], bound=distribution == "masked")
    assert [replies[i].n_prompt_tokens for i in once] == [known["n_prompt_tokens"] for known in compared]
    ours = np.array([replies[i].perplexity for i in once], dtype=np.float64)
    theirs = np.array([perplexity(known[distribution]) for known in compared])
    off, of_mean = np.abs(ours / theirs - 1), abs(ours.mean() / theirs.mean() - 1)
    print(
        f"{structured}, {distribution}: {len(once)} replies, perplexity {ours.mean():.4f} and {theirs.mean():.4f}, "
        f"off by {of_mean:.2%}; each by {np.median(off):.2%} (median), {off.max():.2%} (most)"
    )
    assert off.max() <= BAR
    assert of_mean <= BAR
    if distribution == "masked":
        raw = np.array([perplexity(known["raw"]) for known in compared])
        assert np.abs(ours / raw - 1).mean() > BAR  # it is not the model's own distribution


def transformers_say(
    python: Path, weights: Path, noted: Sequence[tuple[Request, Answer]], *, bound: bool
) -> list[dict[str, Any]]:
    """Return what same_weights.py says of each reply."""
    asked = [
        {
            "messages": [dict(message) for message in request.messages],
            "json_schema": request.json_schema if bound else None,
            "tokens": [token.bytes.decode("latin-1") for token in answer.tokens],
        }
        for request, answer in noted
    ]
    command = [str(python), str(Path(__file__).parents[1] / "same_weights.py"), str(weights)]
    ended = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, timeout=600, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
    found: list[dict[str, Any]] = json.loads(ended.stdout)
    return found
