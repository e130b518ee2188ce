"""Texts and keys go to the server that was named: where it sends on, nobody follows."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from allabel.annotate.backends import chat
from allabel.annotate.base import Demonstration
from allabel.client import ApiError, Client, Retries
from allabel.config import Settings
from allabel.document import DocId, Span
from allabel.errors import ServerError
from allabel.reply import Status
from allabel.schema import LabelSchema

pytestmark = pytest.mark.enable_socket
KEY = "sk-of-somebody"


class Listening:
    """A server that notes what it hears, and answers with this status and place."""

    def __init__(self, status: int, location: str = "") -> None:
        self.heard: list[tuple[str, dict[str, str], bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                outer.heard.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(status)
                if location:
                    self.send_header("Location", location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST  # noqa: N815  as http.server wants it

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def elsewhere() -> Iterator[Listening]:
    made = Listening(200)
    yield made
    made.close()


@pytest.fixture(params=[301, 302, 303, 307, 308])
def named(request: pytest.FixtureRequest, elsewhere: Listening) -> Iterator[Listening]:
    made = Listening(request.param, f"{elsewhere.url}/v1/chat/completions")
    yield made
    made.close()


def test_a_model_server_that_sends_on_is_not_followed(named: Listening, elsewhere: Listening):
    settings = Settings(backend="chat", base_url=f"{named.url}/v1", model="m", api_key=KEY, retries=0, patience_s=1.0)
    annotator = chat(LabelSchema.of(["Salt"]), settings)
    shown = [Demonstration(DocId("d"), "KBr in water", (Span(0, 3, "Salt"),))]
    try:
        replies = annotator.annotate(["a secret text"], shown)
        said = " ".join(reply.error or "" for reply in replies)
        assert all(reply.status is Status.FAILED for reply in replies)
    except ServerError as error:
        said = str(error)
    assert named.heard
    assert not elsewhere.heard, "neither the key nor a text goes to where a server sends on"
    assert "sends on to another address" in said
    assert KEY not in said


def test_the_client_does_not_follow_either(named: Listening, elsewhere: Listening):
    with Client(named.url, KEY, retries=Retries(tries=1)) as client, pytest.raises(ApiError) as caught:
        client.tag("a secret text")
    assert named.heard
    assert not elsewhere.heard
    assert KEY not in str(caught.value)


def test_a_redirect_to_the_clouds_own_data_is_not_followed():
    """169.254.169.254 answers with credentials on many clouds; nothing of ours goes there on a server's word."""
    named = Listening(307, "http://169.254.169.254/latest/meta-data/iam/")
    try:
        settings = Settings(backend="chat", base_url=f"{named.url}/v1", model="m", retries=0, patience_s=1.0)
        with pytest.raises(ServerError, match="sends on to another address"):
            chat(LabelSchema.of(["Salt"]), settings).annotate(["NaCl"], [])
    finally:
        named.close()
