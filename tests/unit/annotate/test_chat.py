"""The chat annotator against a real HTTP server on this machine whose replies are scripted."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from allabel.annotate.base import Demonstration
from allabel.annotate.llm.annotator import Choosing, LlmAnnotator
from allabel.annotate.llm.chat_transport import ChatTransport
from allabel.annotate.llm.forms.json_form import JsonForm
from allabel.annotate.llm.retry import Policy
from allabel.document import DocId, Span
from allabel.errors import LabelError, ServerError
from allabel.reply import Status
from allabel.schema import LabelSchema
from retrieval.base import TopK

pytestmark = pytest.mark.enable_socket

SCHEMA = LabelSchema.of(["Chemical", "Disease"])
KEY = "sk-very-secret"
HCL = '{"entities": [{"text": "HCl", "label": "Chemical"}]}'

Answer = tuple[int, dict[str, Any]]


class WordOverlap:
    """Ranks texts by the number of words they share with the query."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._words = [set(text.split()) for text in texts]

    def __len__(self) -> int:
        return len(self._words)

    def search(self, queries: Sequence[str], k: int) -> TopK:
        scores = np.array([[len(words & set(query.split())) for words in self._words] for query in queries], float)
        ids = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        return TopK(ids, np.take_along_axis(scores, ids, axis=1))


def completion(content: str | None, *, finish: str = "stop", refusal: str | None = None) -> Answer:
    tokens = [{"token": "x", "logprob": float(np.log(p)), "bytes": [120], "top_logprobs": []} for p in (0.5, 0.125)]
    choice = {
        "index": 0,
        "finish_reason": finish,
        "message": {"role": "assistant", "content": content, "refusal": refusal},
        "logprobs": {"content": tokens, "refusal": None},
    }
    usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    return 200, {
        "id": "c", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage
    }  # fmt: skip


def failure(status: int, message: str) -> Answer:
    return status, {"error": {"message": message, "type": "x", "code": status}}


class Scripted:
    """A server that keeps to canary schemas and answers each text by a script."""

    def __init__(self, script: Callable[[str], Answer]) -> None:
        self.script = script
        self.requests: list[dict[str, Any]] = []
        self.canary: Callable[[str], Answer] = lambda word: completion(json.dumps({"word": word}))
        self.url = ""

    @property
    def asked(self) -> list[dict[str, Any]]:
        """The requests for texts, without the canary."""
        return [r for r in self.requests if r["response_format"]["json_schema"]["name"] != "canary"]

    def answer(self, request: dict[str, Any]) -> Answer:
        self.requests.append(request)
        form = request["response_format"]["json_schema"]
        if form["name"] == "canary":
            return self.canary(form["schema"]["properties"]["word"]["enum"][0])
        return self.script(request["messages"][-1]["content"])


def handler(scripted: Scripted) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.reply(200, {"object": "list", "data": [{"id": "m", "object": "model", "created": 0, "owned_by": "x"}]})

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.reply(*scripted.answer(request))

        def reply(self, status: int, body: dict[str, Any]) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.send_header("retry-after-ms", "1")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


@pytest.fixture
def server() -> Iterator[Scripted]:
    scripted = Scripted(lambda text: completion(HCL))
    http = ThreadingHTTPServer(("127.0.0.1", 0), handler(scripted))
    scripted.url = f"http://127.0.0.1:{http.server_port}/v1"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield scripted
    http.shutdown()
    thread.join()
    http.server_close()


def annotator(url: str, *, shots: int = 5, **options: Any) -> LlmAnnotator:
    transport = ChatTransport(url, "m", api_key=KEY, policy=Policy(base_s=0.001, away_cap_s=0.01), **options)
    return LlmAnnotator(SCHEMA, transport, JsonForm(), WordOverlap, choosing=Choosing(shots))


def demonstration(id: str, text: str) -> Demonstration:
    return Demonstration(DocId(id), text, (Span(0, len(text.split(maxsplit=1)[0]), "Chemical"),))


def test_an_ok_reply_holds_grounded_proposals_perplexity_and_tokens(server: Scripted) -> None:
    (reply,) = annotator(server.url).annotate(["dilute HCl"], [])
    assert reply.status is Status.OK
    assert reply.spans == (Span(7, 10, "Chemical"),)
    assert reply.perplexity == pytest.approx(4.0)
    assert (reply.n_prompt_tokens, reply.n_output_tokens, reply.raw, reply.error) == (11, 7, HCL, "")
    assert reply.demonstrations == ()


def test_no_texts_need_no_server() -> None:
    assert annotator("http://127.0.0.1:9/v1").annotate([], [demonstration("a", "HCl")]) == []


def test_replies_keep_the_order_of_the_texts_also_when_one_fails(server: Scripted) -> None:
    def script(text: str) -> Answer:
        if text == "bad":
            return failure(500, f"out of memory for {KEY}")
        return completion(json.dumps({"entities": [{"text": text, "label": "Disease"}]}))

    server.script = script
    texts = ["a", "b", "bad", "d", "e"]
    replies = annotator(server.url, concurrency=2).annotate(texts, [])
    assert [reply.status.value for reply in replies] == ["ok", "ok", "failed", "ok", "ok"]
    assert [p.mention for reply in replies for p in reply.proposals] == ["a", "b", "d", "e"]
    assert "out of memory" in replies[2].error
    assert KEY not in replies[2].error


@pytest.mark.parametrize(
    ("answer", "status", "error"),
    [
        (completion('{"entities": [', finish="length"), Status.TRUNCATED, "cut off"),
        (completion(HCL, finish="length"), Status.TRUNCATED, "cut off"),
        (completion("I found HCl."), Status.UNPARSEABLE, "not JSON"),
        (completion('{"entities": [{"text": "HCl", "label": "Gas"}]}'), Status.UNPARSEABLE, "'Gas'"),
        (completion(None), Status.UNPARSEABLE, "is empty"),
        (completion(None, refusal="I cannot help with that."), Status.REFUSED, "I cannot help"),
        (completion(None, finish="content_filter"), Status.REFUSED, "content filter"),
        (failure(400, "context too long"), Status.FAILED, "context too long"),
        ((200, {**completion("")[1], "choices": []}), Status.FAILED, "choice"),
    ],
)
def test_a_reply_that_is_not_ok_says_why_and_proposes_nothing(
    server: Scripted, answer: Answer, status: Status, error: str
) -> None:
    server.script = lambda text: answer
    (reply,) = annotator(server.url).annotate(["HCl"], [])
    assert reply.status is status
    assert error in reply.error
    assert reply.proposals == ()


def test_the_best_demonstration_is_shown_last_and_listed_first(server: Scripted) -> None:
    corpus = [demonstration("far", "NaCl is salt"), demonstration("best", "HCl in water"), demonstration("near", "HCl")]
    (reply,) = annotator(server.url, shots=2).annotate(["some HCl in water"], corpus)
    assert reply.demonstrations == ("best", "near")
    users = [turn["content"] for turn in server.asked[0]["messages"] if turn["role"] == "user"]
    assert users == ["HCl", "HCl in water", "some HCl in water"]


def test_a_text_is_never_its_own_demonstration(server: Scripted) -> None:
    corpus = [demonstration("self", "HCl gas"), demonstration("copy", "HCl gas"), demonstration("other", "HCl acid")]
    (reply,) = annotator(server.url, shots=1).annotate(["HCl gas"], corpus)
    assert reply.demonstrations == ("other",)


def test_the_canary_is_sent_once(server: Scripted) -> None:
    chat = annotator(server.url)
    chat.annotate(["a"], [])
    chat.annotate(["b"], [])
    assert (len(server.requests), len(server.asked)) == (3, 2)


def test_the_request_binds_the_labels_of_the_schema_and_samples_greedily(server: Scripted) -> None:
    annotator(server.url, seed=5, max_output_tokens=99).annotate(["a"], [demonstration("d", "HCl")])
    (request,) = server.asked
    items = request["response_format"]["json_schema"]["schema"]["properties"]["entities"]["items"]
    assert items["properties"]["label"]["enum"] == ["Chemical", "Disease"]
    assert (request["temperature"], request["seed"], request["max_tokens"], request["logprobs"]) == (0.0, 5, 99, True)


def test_a_server_that_ignores_the_schema_is_found_out(server: Scripted) -> None:
    server.canary = lambda word: completion('{"word": "hello"}')
    with pytest.raises(ServerError, match="ignores `response_format`") as caught:
        annotator(server.url).annotate(["HCl"], [])
    assert server.url in str(caught.value)
    assert server.asked == []


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (failure(401, f"Incorrect API key: {KEY}"), "OPENAI_API_KEY"),
        (failure(404, "The model does not exist."), "it offers m"),
        (failure(500, f"broken for {KEY}"), "broken for ***"),
    ],
)
def test_a_server_that_fails_at_first_contact_stops_the_call(server: Scripted, answer: Answer, says: str) -> None:
    server.canary = lambda word: answer
    with pytest.raises(ServerError, match="remedy: ") as caught:
        annotator(server.url).annotate(["HCl"], [])
    assert says in str(caught.value)
    assert server.url in str(caught.value)
    assert KEY not in str(caught.value)


def test_no_server_is_an_error_that_names_the_address_and_the_variable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(ServerError, match="OPENAI_BASE_URL") as caught:
        annotator(url.replace("//", "//user:word@")).annotate(["HCl"], [])
    assert url in str(caught.value)
    assert "word@" not in str(caught.value)


def test_a_demonstration_with_an_unknown_label_is_refused() -> None:
    stranger = Demonstration(DocId("d"), "HCl", (Span(0, 3, "Gas"),))
    with pytest.raises(LabelError, match="Gas"):
        annotator("http://127.0.0.1:9/v1").annotate(["a"], [stranger])


def test_the_key_is_not_in_the_repr() -> None:
    assert KEY not in repr(annotator("http://127.0.0.1:9/v1"))


def test_importing_the_annotator_does_not_import_openai() -> None:
    modules = "allabel.annotate.backends, allabel.annotate.llm.annotator, allabel.annotate.llm.chat_transport"
    code = f"import sys, {modules}; sys.exit('openai' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
