"""A server that is full, away or broken off: what is tried again, after how long, and what is told in the end."""

import json
import time

import pytest
from failing_proxy import Resets, Says, problem

from allabel.client import AnnotatedText, ApiError, Client, Retries, Span
from allabel.errors import InputError

pytestmark = pytest.mark.enable_socket


@pytest.mark.parametrize(
    "fault",
    [
        problem(429, "full"),
        Says(502, b"<html>bad gateway"),
        problem(503, "starting"),
        Says(504),
        Resets(),
        Resets(True),
    ],
    ids=str,
)
def test_what_passes_is_tried_again(through, proxy, fault):
    proxy.faults = [fault, fault]
    assert through.tag("NaCl in water").text == "NaCl in water"
    assert len(proxy.heard) == 3
    assert len({one.headers["x-request-id"] for one in proxy.heard}) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 415, 422, 500, 307])
def test_what_does_not_pass_is_told_at_once(through, proxy, status):
    proxy.faults = [problem(status, "no", Location="https://elsewhere/")]
    with pytest.raises(ApiError, match="no") as told:
        through.tag("NaCl")
    assert (told.value.status, told.value.remedy, len(proxy.heard)) == (status, "wait", 1)


def test_the_seconds_of_retry_after_are_waited(through, proxy):
    proxy.faults = [problem(429, "full", Retry_After="1")]
    began = time.monotonic()
    through.tag("NaCl")
    assert time.monotonic() - began >= 1


def test_a_retry_after_beyond_the_patience_is_told_at_once(through, proxy):
    proxy.faults = [problem(429, "more than 5 requests a minute", Retry_After="3600")]
    began = time.monotonic()
    with pytest.raises(ApiError, match="5 requests a minute") as told:
        through.tag("NaCl")
    assert (told.value.retry_after_s, len(proxy.heard)) == (3600, 1)
    assert time.monotonic() - began < 10


def test_tries_come_to_an_end(through, proxy):
    proxy.faults = [problem(503, f"starting {n}") for n in range(9)]
    with pytest.raises(ApiError, match="starting 3"):
        through.tag("NaCl")
    assert len(proxy.heard) == 4


def test_a_server_that_is_not_there_is_told_with_its_address():
    with Client("http://127.0.0.1:9", retries=Retries(tries=2, first_s=0.0)) as client:
        with pytest.raises(ApiError, match=r"127\.0\.0\.1:9 cannot be reached") as told:
            client.tag("NaCl")
        assert told.value.status is None
        assert not client.ready()
        assert "cannot be reached" in client.ready().waits_for[0]


def test_a_server_that_does_not_answer_is_left_after_the_timeout(proxy, server_url):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with Client(url, timeout_s=0.2) as client, pytest.raises(ApiError, match="in time"):
            client.tag("NaCl")


def test_an_annotation_that_came_through_unseen_is_kept_once(through, proxy, client):
    proxy.faults = [Resets(acted=True)]
    document = AnnotatedText("Xylofrane melts.", (Span(0, 9, "Reagent"),), id="unseen")
    kept = through.annotate([document])
    first, second = (one.headers["idempotency-key"] for one in proxy.heard)
    assert first == second
    assert kept.ids == ("unseen",)
    assert [d.text for d in client.demonstrations()].count("Xylofrane melts.") == 1


def test_each_call_has_an_idempotency_key_of_its_own_unless_one_is_given(through, proxy):
    document = AnnotatedText("Xylofrane boils.", ())
    through.annotate([document])
    through.annotate([document])
    through.annotate([document], idempotency_key="mine-1")
    keys = [one.headers["idempotency-key"] for one in proxy.heard]
    assert len(set(keys)) == 3
    assert keys[2] == "mine-1"
    with pytest.raises(InputError, match="idempotency key"):
        through.annotate([document], idempotency_key="with a blank")


@pytest.mark.parametrize("fault", [Resets(acted=True), Says(502), Says(504), problem(429, "later")], ids=str)
def test_a_job_whose_fate_is_unknown_is_handed_in_again_and_is_one_job(through, proxy, fault):
    before = {job.id for job in through.jobs.all()}
    proxy.faults = [fault]
    job = through.jobs.submit(["NaCl"])
    assert {one.id for one in through.jobs.all()} - before == {job.id}
    handed_in = [one.headers["idempotency-key"] for one in proxy.heard if one.headers.get("idempotency-key")]
    assert len(handed_in) == 2
    assert len(set(handed_in)) == 1


def test_a_server_that_is_starting_is_waited_for(through, proxy):
    waits = json.dumps({"status": "waits", "waits_for": ["the annotator on board"]}).encode()
    proxy.faults = [Says(503, waits)]
    assert through.ready().waits_for == ("the annotator on board",)
    proxy.faults = [Says(503, waits), Says(502, b"<html>"), Resets()]
    assert through.ready(wait_s=30)


def test_a_wrong_address_is_told_and_not_waited_for(through, proxy):
    proxy.faults = [Says(404, b"no such page")]
    with pytest.raises(ApiError, match="no such page"):
        through.ready(wait_s=30)


@pytest.mark.parametrize("n", range(1, 6))
def test_pauses_lie_between_nothing_and_twice_the_last_ones_bound(n):
    retries = Retries(tries=10, total_s=100, first_s=1, most_s=6)
    assert retries.pause_s(n, 0, 0.0, None) == 0
    assert retries.pause_s(n, 0, 0.999, None) == pytest.approx(0.999 * min(6, 2 ** (n - 1)))
    assert retries.pause_s(n, 0, 0.0, 7.0) == 7


def test_no_pause_goes_beyond_the_seconds_or_the_tries():
    retries = Retries(tries=3, total_s=10, first_s=1, most_s=6)
    assert retries.pause_s(3, 0, 0.0, None) is None
    assert retries.pause_s(1, 9, 0.0, 2.0) is None
    assert retries.pause_s(1, 8, 0.0, 2.0) == 2
    with pytest.raises(InputError):
        Retries(tries=0)
