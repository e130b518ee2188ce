"""The transport's rates, budgets and tally against a real HTTP server on this machine."""

import time
from collections import Counter

import pytest
from echo_requests import ask, transport
from faulty_server import FaultyServer

from allabel.annotate.llm.pace import Pace
from allabel.annotate.llm.tally import Limits, Price, Tally
from allabel.errors import ServerError
from allabel.reply import Status

pytestmark = pytest.mark.enable_socket


def test_a_rate_limit_is_kept(server: FaultyServer) -> None:
    # 20 a second, a second's worth at once: the last of 30 goes out half a second after the first.
    started = time.monotonic()
    ask(transport(server.url, concurrency=30, pace=Pace.of(20 * 60, None)), *map(str, range(30)))
    assert time.monotonic() - started > 0.45


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
