"""The transport against a real HTTP server on this machine that fails by script, each fault by its name."""

import threading
import time

import pytest
from echo_requests import KEY, SLOW, ask, first, transport
from faulty_server import FaultyServer, content_for

from allabel.annotate.llm.retry import Policy
from allabel.reply import Status

pytestmark = pytest.mark.enable_socket


@pytest.mark.parametrize(
    "fault", ["429", "429-after", "500", "502", "503", "hang", "drip", "reset", "html", "cut body"]
)
@pytest.mark.parametrize("times", [1, 2])
def test_a_passing_fault_is_retried(server: FaultyServer, fault: str, times: int) -> None:
    server.script = first(fault, times)
    (answer,) = ask(transport(server.url, timeout_s=0.5 if fault in SLOW else 5.0), "a")
    assert (answer.status, answer.content, answer.n_attempts) == (Status.OK, content_for("a"), times + 1)
    assert answer.n_prompt_tokens == 11


@pytest.mark.parametrize("fault", ["no choices", "no message", "list"])
def test_a_body_that_is_no_completion_is_retried(server: FaultyServer, fault: str) -> None:
    server.script = first(fault)
    (answer,) = ask(transport(server.url), "a")
    assert (answer.status, answer.n_attempts) == (Status.OK, 2)


@pytest.mark.parametrize(("fault", "least_s"), [("429-after", 0.05), ("429-date", 0.0)])
def test_retry_after_is_honoured(server: FaultyServer, fault: str, least_s: float) -> None:
    server.script = first(fault)
    (answer,) = ask(transport(server.url), "a")
    assert answer.status is Status.OK
    assert least_s <= answer.latency_s < 4


def test_retry_after_holds_every_request_back(server: FaultyServer) -> None:
    server.script = lambda text, n_before: "429-after" if text == "a" and not n_before else ""
    ask(transport(server.url, concurrency=1), "warm")
    started = time.monotonic()
    a, b = ask(transport(server.url, concurrency=1), "a", "b")
    assert (a.n_attempts, b.n_attempts) == (2, 1)
    assert time.monotonic() - started >= 0.05


@pytest.mark.parametrize(
    ("fault", "says", "n_attempts"),
    [
        ("400", "context is too long", 1),
        ("401", "wrong key ***", 1),
        ("403", "not for you", 1),
        ("404", "does not exist", 1),
        ("429-quota", "pay first", 1),
        ("500", "out of memory", 4),
        ("429", "slow down", 11),
        ("reset", "sent 4 times", 4),
        ("hang", "no whole answer in 0.5 s", 4),
        ("drip", "no whole answer in 0.5 s", 4),
        ("html", "'<!DOCTYPE html><p>Sign in'", 4),
        ("cut body", "no JSON", 4),
        ("no choices", "without any choice", 4),
    ],
)
def test_a_lasting_fault_fails_that_text_alone(server: FaultyServer, fault: str, says: str, n_attempts: int) -> None:
    server.script = lambda text, n_before: fault if text == "bad" else ""
    timeout_s = 0.5 if fault in SLOW else 5.0
    good, bad, other = ask(transport(server.url, timeout_s=timeout_s), "good", "bad", "other")
    assert (good.status, other.status) == (Status.OK, Status.OK)
    assert (bad.status, bad.content, bad.n_attempts) == (Status.FAILED, "", n_attempts)
    assert says in bad.error
    assert KEY not in bad.error


@pytest.mark.parametrize(
    ("fault", "status", "says"),
    [
        ("length", Status.TRUNCATED, "cut off at 1024 tokens"),
        ("refusal", Status.REFUSED, "I would rather not."),
        ("filter", Status.REFUSED, "content filter"),
    ],
)
def test_what_the_model_will_not_or_cannot_say_is_not_asked_again(
    server: FaultyServer, fault: str, status: Status, says: str
) -> None:
    server.script = lambda text, n_before: fault
    (answer,) = ask(transport(server.url), "a")
    assert (answer.status, answer.n_attempts) == (status, 1)
    assert says in answer.error


def test_a_malformed_answer_is_asked_once_more_with_the_error_shown(server: FaultyServer) -> None:
    server.script = first("wrong schema")
    (answer,) = ask(transport(server.url), "a")
    assert (answer.status, answer.content, answer.n_attempts) == (Status.OK, content_for("a"), 2)
    assert (answer.n_prompt_tokens, answer.n_output_tokens) == (22, 14)
    said, shown = server.requests[1]["messages"][-2:]
    assert said == {"role": "assistant", "content": '{"other": 1}'}
    assert shown["role"] == "user"
    assert "'echo' is missing" in shown["content"]
    assert "version" not in shown["content"]


@pytest.mark.parametrize("fault", ["wrong schema", "cut content", "null content"])
def test_an_answer_that_stays_malformed_is_unparseable(server: FaultyServer, fault: str) -> None:
    server.script = lambda text, n_before: fault
    (answer,) = ask(transport(server.url), "a")
    assert (answer.status, answer.n_attempts) == (Status.UNPARSEABLE, 2)
    assert answer.error


def test_an_answer_without_content_is_asked_for_again_without_an_empty_turn(server: FaultyServer) -> None:
    server.script = first("null content")
    (answer,) = ask(transport(server.url), "a")
    assert (answer.status, answer.n_attempts) == (Status.OK, 2)
    assert server.requests[0] == server.requests[1]


def test_a_malformed_answer_that_cannot_be_asked_again_has_failed_and_may_be_tried_by_a_rerun(
    server: FaultyServer,
) -> None:
    server.script = lambda text, n_before: "400" if n_before else "wrong schema"
    (answer,) = ask(transport(server.url), "a")
    assert (answer.status, answer.content) == (Status.FAILED, '{"other": 1}')
    assert "'echo' is missing; asked again" in answer.error


@pytest.mark.parametrize("fault", ["503", "hang"])
def test_a_server_that_falls_silent_is_given_up_and_the_rest_is_not_sent(server: FaultyServer, fault: str) -> None:
    server.script = lambda text, n_before: "" if int(text) < 5 else fault
    sender = transport(server.url, concurrency=2, timeout_s=0.2, policy=Policy(base_s=0.05, patience_s=0.5))
    answers = ask(sender, *map(str, range(200)))
    assert [answer.status for answer in answers[:5]] == [Status.OK] * 5
    assert {answer.status for answer in answers[5:]} == {Status.FAILED}
    assert "no answer for 0.5 s" in sender.stopped
    assert sender.stopped in answers[-1].error
    assert answers[-1].n_attempts == 0
    assert len(server.requests) < 40


def test_a_wait_longer_than_the_patience_is_not_begun(server: FaultyServer) -> None:
    server.script = lambda text, n_before: "429-hour"
    (answer,) = ask(transport(server.url), "a")
    assert (answer.status, answer.n_attempts) == (Status.FAILED, 1)


def test_a_server_that_starts_anew_is_waited_for() -> None:
    with FaultyServer() as server:
        sender, port = transport(server.url), int(server.url.rsplit(":")[-1].split("/")[0])
        assert ask(sender, "a")[0].status is Status.OK
    again: list[FaultyServer] = []

    def start() -> None:
        again.append(FaultyServer(port=port))
        again[0].__enter__()

    later = threading.Timer(0.5, start)
    later.start()
    (answer,) = ask(sender, "b")
    later.join()
    again[0].__exit__(None, None, None)
    assert answer.status is Status.OK
    assert answer.n_attempts > 3
