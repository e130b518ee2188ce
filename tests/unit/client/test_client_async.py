"""`AsyncClient` does what `Client` does, many at once."""

import asyncio
import contextlib
import inspect

import pytest
from failing_proxy import Cuts, Resets, problem
from served import sentences

from allabel.client import AnnotatedText, ApiError, AsyncClient, Client, JobState, Retries, Text
from allabel.client.async_client import AsyncJobs
from allabel.client.sync_client import Jobs

pytestmark = pytest.mark.enable_socket
QUICK = Retries(tries=4, total_s=20, first_s=0.01, most_s=0.02)


def asked(url, work):
    """Return what `work(client)` comes to."""

    async def run():
        async with AsyncClient(url, retries=QUICK) as client:
            return await work(client)

    return asyncio.run(run())


async def every(results):
    return [one async for one in results]


def test_it_gives_what_the_client_gives(server_url, client):
    texts = [Text(d.text, d.id) for d in sentences("pool", 90)]
    assert asked(server_url, lambda c: c.tag(texts)) == client.tag(texts)
    assert asked(server_url, lambda c: c.tag("NaCl 🧪")) == client.tag("NaCl 🧪")
    assert asked(server_url, lambda c: c.labels()) == client.labels()
    assert asked(server_url, lambda c: c.demonstrations(limit=5)) == client.demonstrations(limit=5)
    streamed = asked(server_url, lambda c: every(c.stream(texts, at_once=20)))
    assert sorted(streamed, key=lambda one: one.place) == client.tag(texts)
    assert asked(server_url, lambda c: c.ready())


def test_its_methods_take_what_those_of_the_client_take():
    for one, other in ((Client, AsyncClient), (Jobs, AsyncJobs)):
        for name in (n for n in vars(one) if not n.startswith("_") and n != "close"):
            taken, also = (inspect.signature(getattr(kind, name)).parameters for kind in (one, other))
            assert list(taken) == list(also)
            assert [p.default for p in taken.values()] == [p.default for p in also.values()]


def test_many_are_asked_at_once(server_url):
    texts = [d.text for d in sentences("pool", 40)]

    async def work(client):
        return await asyncio.gather(*map(client.tag, texts))

    assert [one.text for one in asked(server_url, work)] == texts


def test_a_stream_may_come_from_an_async_source_and_be_left_half_way(proxy):
    n_pulled = 0

    async def endless():
        nonlocal n_pulled
        while True:
            n_pulled += 1
            await asyncio.sleep(0)
            yield f"NaCl {n_pulled}"

    async def work(client):
        found = []
        async with contextlib.aclosing(client.stream(endless(), at_once=10)) as results:
            async for one in results:
                found.append(one)
                if len(found) == 15:
                    break
        return found, (await client.tag("NaCl")).ok

    found, ok = asked(proxy.url, work)
    assert len({one.place for one in found}) == 15
    assert n_pulled <= 30
    assert ok


def test_a_stream_that_is_cancelled_leaves_nothing_open(proxy):
    async def work(client):
        async def read():
            async for _ in client.stream([d.text for d in sentences("pool", 60)], at_once=20):
                await asyncio.sleep(60)

        task = asyncio.create_task(read())
        while len(proxy.heard) < 2:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return (await client.tag("NaCl")).ok

    assert asked(proxy.url, work)


@pytest.mark.parametrize(
    "fault", [problem(429, "full"), problem(503, "x"), Resets(), Cuts(50), Cuts(50, True)], ids=str
)
def test_what_passes_is_tried_again(proxy, fault):
    texts = [d.text for d in sentences("pool", 10)]
    proxy.faults = [fault]
    assert len(asked(proxy.url, lambda c: every(c.stream(texts)))) == 10
    assert len(proxy.heard) == 2
    if not (isinstance(fault, Cuts) and fault.clean):
        proxy.faults = [fault]
        assert len(asked(proxy.url, lambda c: c.tag(texts))) == 10


def test_what_does_not_pass_is_told(proxy):
    proxy.faults = [problem(403, "no")]
    with pytest.raises(ApiError, match="no"):
        asked(proxy.url, lambda c: c.tag("NaCl"))


def test_jobs_and_annotations(server_url):
    texts = [d.text for d in sentences("pool", 30)]

    async def work(client):
        seen = []
        job = await client.jobs.wait(await client.jobs.submit(texts), seen.append, timeout_s=60)
        found = await every(client.jobs.result(job))
        assert job in await client.jobs.all()
        assert (await client.jobs.cancel(job)) == job == await client.jobs.get(job) == seen[-1]
        kept = await client.annotate([AnnotatedText("Water is wet.", ())])
        return job, found, kept

    job, found, kept = asked(server_url, work)
    assert job.state is JobState.DONE
    assert [one.text for one in found] == texts
    assert len(kept.ids) == 1
