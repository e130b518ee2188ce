"""`POST /v1/tag/stream`, over real HTTP."""

import json
import socket
import time
from urllib.parse import urlsplit

import pytest
from served import sentences

pytestmark = pytest.mark.enable_socket


def lines(answer) -> list[dict]:
    return [json.loads(line) for line in answer.text.splitlines()]


def test_each_line_is_answered_and_bad_ones_by_their_number(api):
    texts = [d.text for d in sentences("test", 30)]
    body = "\n".join(
        [json.dumps({"id": f"t{i}", "text": text}) for i, text in enumerate(texts)] + ["", "no json", '{"id": "x"}']
    )
    answer = api.post("/v1/tag/stream", content=body.encode())
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    found = lines(answer)
    assert {one["id"]: one["text"] for one in found if "id" in one} == {f"t{i}": text for i, text in enumerate(texts)}
    assert sorted(one["line"] for one in found if "problem" in one) == [32, 33]


def test_options_stand_in_the_address(api):
    body = json.dumps({"text": "NaCl in water"}).encode()
    (one,) = lines(api.post("/v1/tag/stream?shots=2", content=body))
    assert len(one["demonstrations"]) == 2
    assert api.post("/v1/tag/stream?labels=Nonsense", content=body).status_code == 422


def more(connection):
    got = connection.recv(65536)
    assert got, "the connection was ended"
    return got


def test_an_answer_comes_while_the_body_is_still_being_sent(url):
    with socket.create_connection((urlsplit(url).hostname, urlsplit(url).port)) as connection:
        head = "POST /v1/tag/stream HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        line = b'{"id": "first", "text": "NaCl in water"}\n'
        connection.sendall(head.encode() + b"%x\r\n%s\r\n" % (len(line), line))
        connection.settimeout(20)
        came = b""
        while b'"first"' not in came:
            came += more(connection)
        connection.sendall(b"%x\r\n%s\r\n0\r\n\r\n" % (len(line), line.replace(b"first", b"secnd")))
        while b'"secnd"' not in came:
            came += more(connection)
    assert came.startswith(b"HTTP/1.1 200")


def test_a_caller_that_leaves_half_way_leaves_nothing_behind(url, api):
    for _ in range(3):
        with socket.create_connection((urlsplit(url).hostname, urlsplit(url).port)) as connection:
            connection.sendall(b"POST /v1/tag/stream HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{")
    until = time.monotonic() + 120
    while "allabel_requests_under_way 1.0" not in api.get("/metrics").text:  # this request itself
        assert time.monotonic() < until
        time.sleep(0.05)


def test_where_the_body_becomes_too_large_the_answer_says_so_after_what_came_before(api):
    def body():
        yield b'{"id": "first", "text": "NaCl in water"}\n'
        for _ in range(36):
            yield b" " * 2**19

    found = lines(api.post("/v1/tag/stream", content=body()))
    assert [one["id"] for one in found[:-1]] == ["first"]
    assert found[-1]["line"] == 2
    assert found[-1]["problem"]["status"] == 413
