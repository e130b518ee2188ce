"""Several servers of one model: whichever is free is asked, and one that cannot is left aside while others go on."""

import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from echo_requests import HASTY, ask, transport
from faulty_server import FaultyServer

from allabel.annotate.llm.retry import Policy
from allabel.annotate.llm.several_servers import addresses
from allabel.annotate.llm.tally import Limits, Tally
from allabel.errors import ServerError
from allabel.reply import Status

pytestmark = pytest.mark.enable_socket
NOBODY = "http://127.0.0.1:9/v1"


@pytest.fixture
def one() -> Iterator[FaultyServer]:
    with FaultyServer(delay_s=0.005) as server:
        yield server


@pytest.fixture
def other() -> Iterator[FaultyServer]:
    with FaultyServer(delay_s=0.005) as server:
        yield server


def both(one: FaultyServer, other: FaultyServer, **options: Any) -> Any:
    return transport(f"{one.url}, {other.url}", **options)


def test_a_setting_may_name_several_servers_and_each_counts_once():
    assert addresses("http://a/v1, http://b/v1 http://a/v1,") == ["http://a/v1", "http://b/v1"]
    assert addresses("") == []


def test_every_text_is_asked_of_one_server_and_both_are_asked(one: FaultyServer, other: FaultyServer):
    sender = both(one, other, concurrency=3)
    answers = ask(sender, *map(str, range(60)))
    assert {answer.status for answer in answers} == {Status.OK}
    assert [answer.content for answer in answers] == [f'{{"echo": "{i}"}}' for i in range(60)]
    assert one.asked.keys() | other.asked.keys() == {str(i) for i in range(60)}
    assert not one.asked.keys() & other.asked.keys()
    assert min(len(one.asked), len(other.asked)) >= 10
    assert max(one.most_at_once, other.most_at_once) <= 3
    assert f"{one.url} gave {len(one.asked)}; {other.url} gave {len(other.asked)}" in sender.report()


def test_which_server_answered_decides_nothing_and_the_set_of_servers_does():
    def identity(url: str) -> dict[str, Any]:
        return dict(transport(url).identity)

    assert identity("http://a/v1,http://b/v1") == identity("http://b/v1/ http://a/v1")
    assert identity("http://a/v1,http://b/v1") != identity("http://a/v1")
    assert identity("http://a/v1,http://a/v1/")["base_url"] == identity("http://a/v1")["base_url"] == "http://a/v1"


def test_a_server_that_is_not_there_is_left_aside_and_said_so(one: FaultyServer):
    told: list[str] = []
    sender = transport(f"{NOBODY},{one.url}", tell=told.append)
    assert {answer.status for answer in ask(sender, *map(str, range(20)))} == {Status.OK}
    assert sender.stopped == ""
    assert len(told) == 1
    assert NOBODY in told[0]
    assert "left aside, and others go on" in told[0]


def test_servers_of_which_none_is_there_are_an_error():
    with pytest.raises(ServerError, match="no language-model server answers"):
        ask(transport(f"{NOBODY},http://127.0.0.1:10/v1"), "a")


@pytest.mark.parametrize("fault", ["hang", "503", "reset"])
def test_what_a_server_holds_that_falls_silent_is_asked_of_the_other(
    fault: str, one: FaultyServer, other: FaultyServer
):
    one.script = lambda text, n_before: "" if len(one.requests) <= 5 else fault
    told: list[str] = []
    policy = Policy(base_s=0.02, overload_retries=1000, retries=1000, patience_s=0.5)
    sender = both(one, other, concurrency=2, timeout_s=0.6, policy=policy, tell=told.append)
    answers = ask(sender, *map(str, range(120)))
    assert {answer.status for answer in answers} == {Status.OK}
    assert sender.stopped == ""
    assert len(told) == 1
    assert one.url in told[0]
    # Aside for this line of requests, and tried again with the next.
    one.script = lambda text, n_before: ""
    n_before = len(one.requests)
    assert {answer.status for answer in ask(sender, *map(str, range(200, 240)))} == {Status.OK}
    assert len(one.requests) > n_before


def test_what_one_server_fails_at_is_asked_of_another_before_it_counts_as_failed(
    one: FaultyServer, other: FaultyServer
):
    one.script = lambda text, n_before: "500"
    told: list[str] = []
    sender = both(one, other, policy=HASTY, concurrency=1, tell=told.append)
    answers = ask(sender, *map(str, range(40)))
    assert {answer.status for answer in answers} == {Status.OK}
    # One that only fails is soon asked no more, for it would take texts faster than those that work.
    assert len(one.asked) <= 6
    assert "failed at 3 requests in a row that another server answered" in told[0]
    assert sum(answer.n_attempts for answer in answers) == len(one.requests) + len(other.requests)


def test_what_no_server_takes_has_failed_and_the_rest_goes_on(one: FaultyServer, other: FaultyServer):
    for server in (one, other):
        server.script = lambda text, n_before: "400" if int(text) % 4 == 0 else ""
    told: list[str] = []
    answers = ask(both(one, other, tell=told.append), *map(str, range(40)))
    assert [answer.status for answer in answers] == [Status.FAILED, *[Status.OK] * 3] * 10
    assert one.asked.keys() & other.asked.keys() == {str(i) for i in range(0, 40, 4)}
    assert told == []


def test_servers_that_all_fall_silent_end_the_run_with_the_reason(one: FaultyServer, other: FaultyServer):
    for server in (one, other):
        server.script = lambda text, n_before: "" if int(text) < 5 else "503"
    policy = Policy(base_s=0.02, overload_retries=1000, patience_s=0.5)
    sender = both(one, other, concurrency=2, policy=policy)
    answers = ask(sender, *map(str, range(60)))
    assert [answer.status for answer in answers[:5]] == [Status.OK] * 5
    assert {answer.status for answer in answers[5:]} == {Status.FAILED}
    assert "no answer for 0.5 s" in sender.stopped
    assert answers[-1].error == f"not sent: {sender.stopped}"


@pytest.mark.parametrize("limits", [Limits(requests=12), Limits(tokens=200)])
def test_a_budget_holds_over_all_servers(limits: Limits, one: FaultyServer, other: FaultyServer):
    tally = Tally(limits)
    sender = both(one, other, concurrency=2, tally=tally)
    answers = ask(sender, *map(str, range(60)))
    n_ok = sum(answer.status is Status.OK for answer in answers)
    assert 0 < n_ok < 60
    assert one.n_heard + other.n_heard <= 14
    assert tally.n_tokens <= 200 + 18
    assert "budget reached" in sender.stopped


def test_what_must_be_known_is_told_as_a_warning_by_the_backend(one: FaultyServer):
    from allabel.annotate.backends import chat
    from allabel.config import Settings
    from allabel.schema import LabelSchema

    settings = Settings(backend="chat", base_url=f"{NOBODY},{one.url}", model="m", form="json", shots=0)
    annotator = chat(LabelSchema.parse("Chemical"), settings)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        annotator.annotate(["NaCl in water"], [])
    assert [NOBODY in str(one.message) for one in caught] == [True]
