"""Requests that take too long, and callers that leave."""

import socket
import time
from urllib.parse import urlsplit

import httpx
import pytest
from served import sentences, served, taught

pytestmark = pytest.mark.enable_socket
LONG = [d.text for d in sentences("test", 60)] * 15


def test_after_so_many_seconds_a_request_is_given_up_and_the_server_goes_on(tmp_path):
    with (
        served(taught(tmp_path / "p"), serve={"timeout_s": 0.05}) as url,
        httpx.Client(base_url=url, timeout=120) as api,
    ):
        answer = api.post("/v1/tag", json={"texts": LONG})
        assert answer.status_code == 504
        assert "job" in answer.json()["remedy"]
        until = time.monotonic() + 120
        while api.post("/v1/tag", json={"text": "NaCl"}).status_code != 200:
            assert time.monotonic() < until


def test_a_caller_that_leaves_has_no_more_of_its_texts_tagged(url, api):
    def tagged() -> float:
        lines = api.get("/metrics").text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith("allabel_texts_total{"))

    body = httpx.Request("POST", url, json={"texts": LONG}).content
    before = tagged()
    with socket.create_connection((urlsplit(url).hostname, urlsplit(url).port)) as connection:
        head = "POST /v1/tag HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)
    until = time.monotonic() + 120
    while "allabel_requests_under_way 1.0" not in api.get("/metrics").text:  # this request itself
        assert time.monotonic() < until
        time.sleep(0.02)
    assert tagged() == before, "texts of a request that nobody waits for do not count"
