"""The transport against a real HTTP server on this machine that fails by script, each fault by its name."""

import json
import math
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from faulty_server import FaultyServer, content_for

from allabel.annotate.llm.base import Answer, Request
from allabel.annotate.llm.chat_transport import ChatTransport
from allabel.annotate.llm.pace import Pace
from allabel.annotate.llm.retry import Policy
from allabel.annotate.llm.tally import Limits, Price, Tally
from allabel.errors import ServerError
from allabel.reply import Status

pytestmark = pytest.mark.enable_socket

KEY = "sk-very-secret"
SCHEMA = {"type": "object", "properties": {"echo": {"type": "string"}}, "required": ["echo"]}
SLOW = ("hang", "drip")
HASTY = Policy(base_s=0.005, cap_s=0.02)


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer() as running:
        yield running


def request(text: str, schema: dict[str, Any] | None = SCHEMA) -> Request:
    return Request(({"role": "system", "content": "Echo."}, {"role": "user", "content": text}), schema)


def transport(url: str, **options: Any) -> ChatTransport:
    return ChatTransport(url, "m", **{"api_key": KEY, "policy": HASTY, "timeout_s": 5.0, **options})


def check(i: int, answer: Answer) -> str:
    try:
        return "" if "echo" in json.loads(answer.content) else "'echo' is missing"
    except ValueError as error:
        return f"not JSON: {error}"


def ask(sender: ChatTransport, *texts: str, schema: dict[str, Any] | None = SCHEMA) -> list[Answer]:
    got: dict[int, Answer] = {}

    def take(i: int, answer: Answer) -> None:
        assert i not in got
        got[i] = answer

    sender.send([request(text, schema) for text in texts], take, check)
    return [got[i] for i in range(len(texts))]


def first(fault: str, times: int = 1) -> Callable[[str, int], str]:
    return lambda text, n_before: fault if n_before < times else ""


def test_an_answer_holds_content_tokens_counts_and_the_time_it_took(server: FaultyServer) -> None:
    server.delay_s = 0.05
    (answer,) = ask(transport(server.url), "Fe₂O₃")
    assert (answer.status, answer.content, answer.error) == (Status.OK, content_for("Fe₂O₃"), "")
    assert [token.bytes for token in answer.tokens] == [content_for("Fe₂O₃").encode()]
    assert answer.tokens[0].logprob == -0.5
    assert (answer.n_prompt_tokens, answer.n_output_tokens, answer.n_attempts) == (11, 7, 1)
    assert 0.05 <= answer.latency_s < 5


def test_a_request_is_greedy_seeded_bound_and_asks_for_logprobs(server: FaultyServer) -> None:
    ask(transport(server.url, seed=5, max_output_tokens=99), "a")
    (sent,) = server.requests
    assert (sent["temperature"], sent["seed"], sent["max_tokens"], sent["logprobs"]) == (0.0, 5, 99, True)
    assert sent["response_format"]["json_schema"]["schema"] == SCHEMA
    assert sent["response_format"]["json_schema"]["strict"] is True


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


def test_a_nan_makes_the_whole_answer_s_probability_unknown(server: FaultyServer) -> None:
    server.script = lambda text, n_before: "nan"
    (answer,) = ask(transport(server.url), "a")
    assert (answer.status, answer.content, answer.tokens) == (Status.OK, content_for("a"), ())


def test_half_a_surrogate_pair_fails_that_text_alone(server: FaultyServer) -> None:
    bad, good = ask(transport(server.url), "\ud800", "b")
    assert (bad.status, good.status) == (Status.FAILED, Status.OK)
    assert "surrogate" in bad.error


def test_many_are_under_way_at_once_and_never_more_than_asked_for(server: FaultyServer) -> None:
    server.delay_s = 0.05
    answers = ask(transport(server.url, concurrency=5), *map(str, range(25)))
    assert [answer.content for answer in answers] == [content_for(str(i)) for i in range(25)]
    assert server.most_at_once == 5


def test_no_requests_need_no_server() -> None:
    assert ask(transport("http://127.0.0.1:9/v1")) == []


def test_a_rate_limit_is_kept(server: FaultyServer) -> None:
    # 20 a second, a second's worth at once: the last of 30 goes out half a second after the first.
    started = time.monotonic()
    ask(transport(server.url, concurrency=30, pace=Pace.of(20 * 60, None)), *map(str, range(30)))
    assert time.monotonic() - started > 0.45


# --- the first contact ---


@pytest.mark.parametrize("structured", ["response_format", "structured_outputs"])
def test_a_way_of_binding_is_proven_once_and_then_used(server: FaultyServer, structured: Any) -> None:
    server.binds = (structured,)
    sender = transport(server.url, structured=structured)
    assert ask(sender, "a")[0].status is Status.OK
    assert ask(sender, "b")[0].status is Status.OK
    assert all((structured in sent) for sent in server.requests)
    assert len({"response_format", "structured_outputs"} & set(server.requests[0])) == 1


@pytest.mark.parametrize(
    ("binds", "structured"), [("response_format", "structured_outputs"), ("structured_outputs", "response_format")]
)
def test_a_server_that_ignores_the_schema_is_found_out_and_the_other_ways_are_named(
    server: FaultyServer, binds: str, structured: Any
) -> None:
    server.binds = (binds,)
    with pytest.raises(ServerError, match=f"ignores `{structured}`") as caught:
        ask(transport(server.url, structured=structured), "a")
    assert binds in str(caught.value)
    assert 'structured = "none"' in str(caught.value)
    assert server.requests == []


def test_the_way_without_binding_is_said_once_and_binds_nothing(server: FaultyServer) -> None:
    server.binds = ()
    told: list[str] = []
    sender = transport(server.url, structured="none", tell=told.append)
    assert [ask(sender, text)[0].status for text in "ab"] == [Status.OK, Status.OK]
    assert len(told) == 1
    assert "not bound" in told[0]
    assert not {"response_format", "structured_outputs"} & set(server.requests[0])


def test_a_form_without_a_schema_needs_no_binding_and_nothing_is_said(server: FaultyServer) -> None:
    server.binds = ()
    told: list[str] = []
    (answer,) = ask(transport(server.url, tell=told.append), "a", schema=None)
    assert (answer.status, told) == (Status.OK, [])
    assert "response_format" not in server.requests[0]


@pytest.mark.parametrize("fault", ["503", "429-after", "500", "reset", "html"])
def test_a_first_contact_that_fails_in_passing_is_tried_again_or_explained(server: FaultyServer, fault: str) -> None:
    server.canary = [fault]
    if fault == "html":
        with pytest.raises(ServerError, match="is no language-model server"):
            ask(transport(server.url), "a")
    else:
        assert ask(transport(server.url), "a")[0].status is Status.OK


@pytest.mark.parametrize(
    ("fault", "says"),
    [("401", "OPENAI_API_KEY"), ("404", "it offers m"), ("429-quota", "pay first"), ("hang", "no whole answer")],
)
def test_a_first_contact_that_fails_stops_the_run(server: FaultyServer, fault: str, says: str) -> None:
    server.canary = [fault] * 20
    with pytest.raises(ServerError, match="remedy: ") as caught:
        ask(transport(server.url, timeout_s=0.3), "a")
    assert says in str(caught.value)
    assert KEY not in str(caught.value)
    assert server.requests == []


def test_no_server_is_an_error_that_names_address_and_variable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(ServerError, match="OPENAI_BASE_URL") as caught:
        ask(transport(url.replace("//", "//user:word@")), "a")
    assert url in str(caught.value)
    assert "word@" not in str(caught.value)


# --- ends before the end ---


def test_an_interruption_hands_over_what_came_and_then_raises(server: FaultyServer) -> None:
    server.script = lambda text, n_before: "" if int(text) < 6 else "hang"
    got: list[int] = []

    def take(i: int, answer: Answer) -> None:
        got.append(i)
        if len(got) == 6:
            threading.Timer(0.1, signal_here).start()

    with pytest.raises(KeyboardInterrupt):
        transport(server.url, concurrency=4).send([request(str(i)) for i in range(50)], take)
    assert sorted(got) == list(range(6))
    assert len(server.requests) == 10


def signal_here() -> None:
    import os
    import signal

    os.kill(os.getpid(), signal.SIGINT)


def test_what_the_caller_raises_ends_the_run(server: FaultyServer) -> None:
    def full(i: int, answer: Answer) -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        transport(server.url, concurrency=2).send([request(str(i)) for i in range(50)], full)
    assert len(server.requests) < 10


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


@pytest.mark.parametrize(
    ("limits", "n_ok"),
    [
        (Limits(requests=8), 7),
        (Limits(tokens=18 * 7), 7),
        (Limits(money=7 * (11 * 2.0 + 7 * 10.0) / 1e6), 7),
    ],
)
def test_a_budget_stops_new_requests_and_the_rest_says_so(server: FaultyServer, limits: Limits, n_ok: int) -> None:
    server.delay_s = 0.01
    sender = transport(server.url, tally=Tally(limits, Price(prompt=2.0, output=10.0)))
    answers = ask(sender, *map(str, range(40)))
    statuses = Counter(answer.status for answer in answers)
    # What is under way is reckoned with, so it is not passed by the eight at once.
    assert n_ok <= statuses[Status.OK] <= n_ok + 1
    assert statuses[Status.OK] == len(server.requests)
    assert {a.error.split(":")[1].strip() for a in answers if a.status is Status.FAILED} == {"budget reached"}
    assert sender.stopped.startswith("budget reached")
    # It stays reached.
    assert ask(sender, "more")[0].status is Status.FAILED


def test_retries_count_against_a_budget_of_requests(server: FaultyServer) -> None:
    server.script = lambda text, n_before: "500"
    sender = transport(server.url, tally=Tally(Limits(requests=3)))
    (answer,) = ask(sender, "a")
    assert (answer.status, answer.n_attempts, len(server.requests)) == (Status.FAILED, 2, 2)
    assert "budget reached: 3 of 3 requests" in answer.error


@pytest.mark.parametrize("most", [1, 2, 5])
def test_a_budget_of_requests_holds_for_those_that_prove_the_server_too(server: FaultyServer, most: int) -> None:
    sender = transport(server.url, tally=Tally(Limits(requests=most)), concurrency=4)
    answers = ask(sender, *"abcdefgh")
    assert server.n_heard == most
    assert [answer.status for answer in answers].count(Status.OK) == most - 1
    assert "; 1 more request to prove the server" in sender.report()
    # A form without a schema would have to be proven anew.
    ask(sender, "a", schema=None)
    assert server.n_heard == most


def test_a_server_is_not_proven_beyond_a_budget_of_requests(server: FaultyServer) -> None:
    server.canary = ["503"] * 5
    with pytest.raises(ServerError, match="full"):
        ask(transport(server.url, tally=Tally(Limits(requests=2))), "a")
    assert server.n_heard == 2


def test_a_server_that_does_not_count_tokens_is_reckoned_with_an_estimate(server: FaultyServer) -> None:
    server.script = lambda text, n_before: "no usage"
    sender = transport(server.url)
    (answer,) = ask(sender, "a" * 400)
    assert (answer.n_prompt_tokens, answer.n_output_tokens) == (0, 0)
    # The prompt by its characters; the answer by the tokens that came with it, not by all that it could have been.
    assert 130 < sender.tally.n_prompt_tokens < 150
    assert sender.tally.n_output_tokens == 1
    assert "(estimated for 1 of 1 answers, as the server did not count)" in sender.report()


def test_nothing_is_called_an_estimate_where_the_server_counts(server: FaultyServer) -> None:
    sender = transport(server.url)
    ask(sender, "a")
    assert "estimate" not in sender.report()


def test_the_tally_adds_up(server: FaultyServer) -> None:
    server.script = lambda text, n_before: {"b": "500", "c": "length"}.get(text, "") if not n_before else ""
    sender = transport(server.url, tally=Tally(price=Price(prompt=1e6, output=0.0)))
    ask(sender, "a", "b", "c")
    assert sender.tally.as_data() == {
        "requests": 4,
        "proofs": 1,
        "prompt_tokens": 33,
        "output_tokens": 21,
        "uncounted": 0,
        "money": pytest.approx(33.0),
        "statuses": {"ok": 2, "truncated": 1},
    }
    assert "2 ok, 1 truncated; 4 requests, 33 prompt" in sender.tally.in_words()


def test_a_slash_at_the_end_of_the_address_makes_no_other_server() -> None:
    assert transport("http://h/v1/").identity == transport("http://h/v1").identity
    assert transport("http://h/v2").identity != transport("http://h/v1").identity


def test_the_key_is_in_neither_repr_nor_identity() -> None:
    sender = transport("http://user:word@127.0.0.1:9/v1")
    assert KEY not in repr(sender) + json.dumps(sender.identity)
    assert "word" not in json.dumps(sender.identity)
    assert not any(isinstance(v, float) and math.isnan(v) for v in sender.identity.values())
