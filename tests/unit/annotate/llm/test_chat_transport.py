"""The transport against a real HTTP server on this machine: what it sends, what it hands over, how it ends."""

import json
import math
import threading

import pytest
from echo_requests import KEY, SCHEMA, ask, request, transport
from faulty_server import FaultyServer, content_for

from allabel.annotate.llm.base import Answer
from allabel.reply import Status

pytestmark = pytest.mark.enable_socket


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


def test_a_slash_at_the_end_of_the_address_makes_no_other_server() -> None:
    assert transport("http://h/v1/").identity == transport("http://h/v1").identity
    assert transport("http://h/v2").identity != transport("http://h/v1").identity


def test_the_key_is_in_neither_repr_nor_identity() -> None:
    sender = transport("http://user:word@127.0.0.1:9/v1")
    assert KEY not in repr(sender) + json.dumps(sender.identity)
    assert "word" not in json.dumps(sender.identity)
    assert not any(isinstance(v, float) and math.isnan(v) for v in sender.identity.values())
