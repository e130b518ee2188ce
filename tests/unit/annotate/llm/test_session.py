"""Callers one by one at several servers: a server that is away costs little, and is asked again once it is back."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from echo_requests import HASTY, check, request, transport
from faulty_server import FaultyServer

from allabel.annotate.llm.base import Answer
from allabel.annotate.llm.chat_transport import ChatTransport
from allabel.annotate.llm.retry import Policy
from allabel.annotate.llm.session import Session
from allabel.annotate.llm.tally import Limits, Tally
from allabel.errors import ServerError
from allabel.reply import Status

pytestmark = pytest.mark.enable_socket
NOBODY = "http://127.0.0.1:9/v1"
# Left aside after 0.2 s, and proved again as long after.
QUICK = Policy(base_s=0.02, away_cap_s=0.05, overload_retries=1000, retries=1000, patience_s=0.2)


@pytest.fixture
def one() -> Iterator[FaultyServer]:
    with FaultyServer(delay_s=0.005) as server:
        yield server


@pytest.fixture
def other() -> Iterator[FaultyServer]:
    with FaultyServer(delay_s=0.005) as server:
        yield server


def within(sender: ChatTransport, work: Callable[[Session], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with Session(sender) as session:
            await session.prove(bound=True)
            return await work(session)

    return asyncio.run(run())


async def ask(session: Session, *texts: str) -> list[Answer]:
    return await asyncio.gather(*(session.answer(request(text), check) for text in texts))


async def until(session: Session, holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < give_up
        assert {answer.status for answer in await ask(session, "x", "y")} == {Status.OK}
        await asyncio.sleep(0.02)


def test_a_server_that_is_not_there_at_the_start_is_asked_once_it_is(one: FaultyServer):
    with FaultyServer() as late:
        port = int(late.url.split(":")[2].split("/")[0])
    told: list[str] = []
    sender = transport(f"{late.url},{one.url}", policy=QUICK, tell=told.append)

    async def work(session: Session) -> None:
        await until(session, lambda: bool(told))
        late = FaultyServer(port=port)
        # In a thread: its loop does not begin in one that runs already.
        await asyncio.to_thread(late.__enter__)
        try:
            await until(session, lambda: bool(late.requests))
        finally:
            await asyncio.to_thread(late.__exit__, None, None, None)

    within(sender, work)
    assert len(told) == 1
    assert f"{late.url} is left aside, and others go on" in told[0]


def test_nobody_waits_for_the_slower_proof(one: FaultyServer, other: FaultyServer):
    one.canary = ["hang"]
    began = time.monotonic()
    answers = within(transport(f"{one.url},{other.url}", policy=QUICK), lambda session: ask(session, "a", "b"))
    assert [answer.status for answer in answers] == [Status.OK] * 2
    assert time.monotonic() - began < 4
    assert (len(one.requests), len(other.requests)) == (0, 2)


@pytest.mark.parametrize("fault", ["hang", "503", "reset"])
def test_one_that_falls_silent_is_left_aside_and_asked_again_once_it_answers(
    fault: str, one: FaultyServer, other: FaultyServer
):
    told: list[str] = []
    sender = transport(f"{one.url},{other.url}", policy=QUICK, concurrency=2, timeout_s=1.5, tell=told.append)

    async def work(session: Session) -> None:
        await ask(session, *"abcd")
        one.script, one.canary = lambda text, n_before: fault, [fault] * 3
        assert {answer.status for answer in await ask(session, *map(str, range(20)))} == {Status.OK}
        assert len(told) == 1
        n_before = len(one.requests)
        assert {answer.status for answer in await ask(session, *map(str, range(20)))} == {Status.OK}
        assert len(one.requests) == n_before
        one.script, one.canary = lambda text, n_before: "", []
        await until(session, lambda: len(one.requests) > n_before)

    within(sender, work)


def test_one_that_only_fails_is_soon_asked_no_more_and_every_attempt_counts(one: FaultyServer, other: FaultyServer):
    one.script = lambda text, n_before: "400"
    told: list[str] = []
    sender = transport(f"{one.url},{other.url}", policy=HASTY, tell=told.append)

    async def work(session: Session) -> list[Answer]:
        while not all(server.proven for server in sender.servers):
            await asyncio.sleep(0.01)
        return [answer for text in map(str, range(12)) for answer in await ask(session, text)]

    answers = within(sender, work)
    assert {answer.status for answer in answers} == {Status.OK}
    assert len(one.requests) == 3
    assert "failed at 3 requests in a row that another server answered" in told[0]
    assert sum(answer.n_attempts for answer in answers) == len(one.requests) + len(other.requests)


def test_who_waits_for_the_budget_at_one_server_hears_of_what_came_back_at_the_other(
    one: FaultyServer, other: FaultyServer
):
    sender = transport(f"{one.url},{other.url}", tally=Tally(Limits(tokens=200)), policy=HASTY)
    answers = within(sender, lambda session: asyncio.wait_for(ask(session, *map(str, range(60))), 10))
    assert {answer.status for answer in answers} == {Status.OK, Status.FAILED}
    assert sender.tally.n_tokens <= 200 + 18


def test_servers_of_which_none_is_there_are_an_error():
    with pytest.raises(ServerError, match="no language-model server answers"):
        within(transport(f"{NOBODY},http://127.0.0.1:10/v1"), lambda session: ask(session, "a"))
