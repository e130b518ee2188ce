"""What one caller may ask for, and what happens when too many ask at once."""

import asyncio
import json

import httpx
import pytest
from served import served, taught

from allabel.config import Serve
from allabel.reply import Reply, Status
from allabel.server.limits import Rates
from allabel.server.line import BATCH, Line
from allabel.server.problems import ProblemError


def test_a_caller_is_sent_away_after_so_many_requests_and_others_are_not():
    rates = Rates(Serve(requests_per_minute=3))
    for _ in range(3):
        rates.request("one")
    with pytest.raises(ProblemError) as sent_away:
        rates.request("one")
    assert sent_away.value.status == 429
    assert 0 < sent_away.value.retry_after_s <= 60
    rates.request("other")


def test_texts_are_counted_by_their_number():
    rates = Rates(Serve(texts_per_minute=100))
    rates.texts("one", 60)
    with pytest.raises(ProblemError, match="100 texts a minute"):
        rates.texts("one", 60)
    with pytest.raises(ProblemError, match="101 texts at once"):
        rates.texts("other", 101)


@pytest.mark.enable_socket
def test_too_many_requests_of_one_caller_are_told_when_to_come_back(tmp_path):
    table = {"requests_per_minute": 5}
    with served(taught(tmp_path / "p"), serve=table) as url, httpx.Client(base_url=url, timeout=120) as api:
        answers = [api.post("/v1/tag", json={"text": "NaCl"}) for _ in range(7)]
    assert [a.status_code for a in answers] == [200] * 5 + [429] * 2
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 61
    assert json.loads(answers[-1].text)["remedy"]


def run(coroutine):
    return asyncio.run(coroutine)


class Slow:
    """Work that takes as long as it is told to, and remembers what it was given."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds, self.batches = seconds, []

    def __call__(self, texts, shots):
        import time

        self.batches.append((list(texts), shots))
        time.sleep(self.seconds)
        return [Reply(Status.OK, raw=text) for text in texts]


async def _with_line(work, most, use):
    line = Line(work, most)
    line.start()
    try:
        return await use(line)
    finally:
        await line.stop()


def test_everybody_gets_their_own_replies_in_order():
    work = Slow()

    async def use(line):
        wanted = [[f"{i}-{n}" for n in range(1 + i % 70)] for i in range(40)]
        return wanted, await asyncio.gather(*(line.tag(texts) for texts in wanted))

    wanted, found = run(_with_line(work, 10_000, use))
    assert [[reply.raw for reply in replies] for replies in found] == wanted
    assert max(len(texts) for texts, _ in work.batches) == BATCH
    assert len(work.batches) < len(wanted)


def test_a_large_request_does_not_hold_up_a_small_one_behind_it():
    async def use(line):
        ended = []

        async def asked(name, n):
            await line.tag([name] * n)
            ended.append(name)

        await asyncio.gather(asked("large", 40 * BATCH), asked("small", 1))
        return ended

    assert run(_with_line(Slow(0.002), 10_000, use)) == ["small", "large"]


def test_what_is_in_the_background_waits_for_everybody_else():
    work = Slow(0.005)

    async def use(line):
        job = asyncio.create_task(line.tag(["job"] * 20 * BATCH, behind=True))
        await asyncio.sleep(0.02)
        n_before = len(work.batches)
        await line.tag(["caller"])
        n_after = len(work.batches)
        await job
        return n_after - n_before

    assert run(_with_line(work, 10_000, use)) <= 2


def test_beyond_the_line_callers_are_sent_away_and_those_let_in_are_served():
    async def use(line):
        first = [asyncio.create_task(line.tag(["a"] * 50)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(ProblemError) as sent_away:
            await line.tag(["b"] * 50)
        assert sent_away.value.status == 429
        assert sent_away.value.retry_after_s > 0
        served = await asyncio.gather(*first)
        await line.tag(["b"] * 50)
        return [len(replies) for replies in served]

    assert run(_with_line(Slow(0.01), 150, use)) == [50, 50, 50]


def test_one_request_larger_than_the_line_is_served_when_nobody_waits():
    assert len(run(_with_line(Slow(), 10, lambda line: line.tag(["a"] * 50)))) == 50


def test_who_leaves_has_no_more_of_their_texts_tagged():
    work = Slow(0.01)

    async def use(line):
        leaving = asyncio.create_task(line.tag(["gone"] * 50 * BATCH))
        await asyncio.sleep(0.05)
        leaving.cancel()
        await asyncio.sleep(0)
        n = len(work.batches)
        await line.tag(["here"])
        return len(work.batches) - n, line.n_waiting

    n_more, n_waiting = run(_with_line(work, 10_000, use))
    assert n_more <= 2
    assert n_waiting == 0


def test_an_error_is_raised_where_the_texts_came_from_and_the_line_goes_on():
    def work(texts, shots):
        if "bad" in texts:
            raise ValueError("no")
        return [Reply(Status.OK, raw=text) for text in texts]

    async def use(line):
        with pytest.raises(ValueError, match="no"):
            await line.tag(["bad"])
        return await line.tag(["good"])

    assert [reply.raw for reply in run(_with_line(work, 100, use))] == ["good"]
