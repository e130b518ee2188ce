"""The transport's first contact with a real HTTP server: a way of binding is proven, or the run does not begin."""

import socket
from typing import Any

import pytest
from echo_requests import KEY, ask, transport
from faulty_server import FaultyServer

from allabel.errors import ServerError
from allabel.reply import Status

pytestmark = pytest.mark.enable_socket


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
