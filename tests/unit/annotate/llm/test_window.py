"""Fitting prompts into a window, and asking a real HTTP server on this machine for it."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from openai import OpenAI

from allabel.annotate.base import Demonstration
from allabel.annotate.llm.forms.json_form import JsonForm
from allabel.annotate.llm.prompt import Messages, messages
from allabel.annotate.llm.server_window import ask_window, max_model_len, server_count
from allabel.annotate.llm.window import Dropping, Fitted, Window, WindowError, estimate, fit
from allabel.document import DocId
from allabel.errors import ServerError
from allabel.schema import LabelSchema

SCHEMA = LabelSchema.of(["Chemical"])
FORM = JsonForm()
NEAREST_FIRST = [Demonstration(DocId(f"d{i}"), f"{i} " * 100, ()) for i in range(6)]


class Counted:
    """Counts turns: ten tokens each."""

    def __init__(self, *, fails: bool = False) -> None:
        self.calls = 0
        self.fails = fails

    def __call__(self, shown: Messages) -> int:
        self.calls += 1
        if self.fails:
            raise ServerError("gone")
        return 10 * len(shown)


def fitted(window: Window | None, text: str = "NaCl") -> Fitted:
    return fit(FORM, text, NEAREST_FIRST, SCHEMA, window)


@pytest.mark.parametrize(("room", "n_shown"), [(140, 6), (139, 5), (100, 4), (60, 2), (59, 1), (39, 0), (20, 0)])
def test_the_least_similar_demonstrations_are_left_out_until_the_prompt_fits(room: int, n_shown: int) -> None:
    found = fitted(Window(room + 50, 50, Counted()))
    assert list(found.shown) == NEAREST_FIRST[:n_shown]
    assert found.messages == messages(FORM, "NaCl", NEAREST_FIRST[:n_shown], SCHEMA)
    assert (found.n_dropped, found.n_prompt_tokens, found.exact) == (6 - n_shown, 20 + 20 * n_shown, True)


def test_a_text_that_alone_does_not_fit_is_an_error_with_numbers() -> None:
    with pytest.raises(WindowError, match=r"20 tokens \(counted\).*window of 69 has room for 19"):
        fitted(Window(69, 50, Counted()))


def test_what_fits_by_the_estimate_is_not_counted() -> None:
    count = Counted()
    found = fitted(Window(100_000, 50, count))
    assert (count.calls, found.n_dropped, found.exact) == (0, 0, False)


def test_finding_what_fits_takes_few_counts() -> None:
    count = Counted()
    fitted(Window(110, 50, count))
    assert count.calls <= 4


def test_without_a_count_the_estimate_decides_and_says_so() -> None:
    found = fitted(Window(600, 50))
    assert 0 < found.n_dropped < 6
    assert found.n_prompt_tokens == estimate(found.messages) <= 550
    assert not found.exact
    with pytest.raises(WindowError, match="by estimate"):
        fitted(Window(100, 50))


def test_where_counting_fails_the_estimate_decides() -> None:
    assert fitted(Window(600, 50, Counted(fails=True))) == fitted(Window(600, 50))


def test_an_unknown_window_leaves_out_nothing() -> None:
    assert fitted(None).n_dropped == 0


def test_a_window_without_room_for_a_prompt_is_refused() -> None:
    with pytest.raises(WindowError, match="max_output_tokens"):
        Window(1024, 1024)


def test_what_was_left_out_is_told_in_numbers() -> None:
    window, dropping = Window(140, 50, Counted()), Dropping()
    assert dropping.in_words(window) == ""
    dropping.add([fitted(window)])
    dropping.add([fitted(Window(100_000, 50))])
    dropping.add([None])
    assert dropping.in_words(window) == (
        "3 demonstrations were left out of the prompts of 1 of 3 texts to fit the model's window of 140 tokens with "
        "50 for the answer; texts that do not fit even without any: 1"
    )
    dropping.add([fitted(Window(600, 50))])
    assert "of 2 of 4 texts (1 of them by an estimate of the tokens)" in dropping.in_words(window)


def test_a_text_in_parts_counts_as_one_text() -> None:
    window, dropping = Window(140, 50, Counted()), Dropping()
    dropping.add([fitted(window)] * 50)
    dropping.add([None, None, fitted(window)])
    told = dropping.in_words(window)
    assert told.startswith("153 demonstrations were left out of the prompts of 2 of 2 texts to fit")
    assert told.endswith("texts that do not fit even without any: 1")


@pytest.mark.parametrize(("text", "n_tokens"), [("", 0), ("water", 2), ("H2O 123", 6), ("β 🧪", 6), ("a\n", 2)])
def test_the_estimate_counts_letters_and_bytes(text: str, n_tokens: int) -> None:
    empty = estimate(({"role": "user", "content": ""},))
    assert estimate(({"role": "user", "content": text},)) - empty == n_tokens


@dataclass
class Server:
    """Answers by path; what it has no answer for is not found."""

    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    bodies: list[Any] = field(default_factory=list)
    url: str = ""

    @property
    def client(self) -> OpenAI:
        return OpenAI(base_url=f"{self.url}/v1", api_key="k", max_retries=0)


@pytest.fixture
def server() -> Iterator[Server]:
    told = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, answer = told.answers.get(self.path, (404, {"detail": "Not Found"}))
            body = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html" if isinstance(answer, str) else "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            told.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    told.url = f"http://127.0.0.1:{listening.server_port}"
    yield told
    listening.shutdown()
    thread.join()
    listening.server_close()


def models(*cards: dict[str, Any]) -> tuple[int, Any]:
    return 200, {"object": "list", "data": [{"object": "model", "created": 0, "owned_by": "x", **c} for c in cards]}


@pytest.mark.enable_socket
def test_a_vllm_server_tells_its_window_and_counts(server: Server) -> None:
    server.answers["/v1/models"] = models({"id": "other"}, {"id": "m", "max_model_len": 2048})
    server.answers["/tokenize"] = 200, {"count": 17, "max_model_len": 2048, "tokens": [1] * 17}
    window = ask_window(server.client, "m", 512)
    assert window is not None
    assert (window.max_tokens, window.room) == (2048, 1536)
    shown = messages(FORM, "NaCl", [], SCHEMA)
    assert window.count is not None
    assert window.count(shown) == 17
    assert server.bodies[-1] == {"model": "m", "messages": list(shown), "add_generation_prompt": True}


@pytest.mark.enable_socket
def test_a_server_that_says_nothing_needs_a_setting(server: Server) -> None:
    server.answers["/v1/models"] = models({"id": "m"})
    assert ask_window(server.client, "m", 512) is None
    window = ask_window(server.client, "m", 512, max_tokens=4096)
    assert window == Window(4096, 512, None)


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    "answer",
    [
        (404, {}),
        (500, {}),
        (200, "<html>"),
        (200, {"count": "17"}),
        (200, []),
        (200, {"data": None}),
        (200, {"data": [1]}),
    ],
)
def test_whatever_is_no_answer_is_none(server: Server, answer: tuple[int, Any]) -> None:
    server.answers = {"/v1/models": answer, "/tokenize": answer}
    assert max_model_len(server.client, "m") is None
    assert server_count(server.client, "m") is None


@pytest.mark.enable_socket
def test_a_server_that_stops_counting_is_a_server_error(server: Server) -> None:
    server.answers["/tokenize"] = 200, {"count": 17}
    count = server_count(server.client, "m")
    assert count is not None
    server.answers.clear()
    with pytest.raises(ServerError, match="does not count"):
        count(messages(FORM, "NaCl", [], SCHEMA))
