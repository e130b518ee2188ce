"""What the app's answers tell the browser, that the command serves the app with it, and texts in Markdown."""

import ast
import asyncio
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path
from socket import socket
from typing import Any

import pytest
from app_page import make_project

from app.cli import ENTRY
from app.headers import Headers, safe
from app.wording import plain

START_S = 120
COMMAND = "import sys; from pathlib import Path; from app.cli import app; app.main(sys.argv[2:], obj=Path(sys.argv[1]))"


def sent(headers: list[tuple[bytes, bytes]]) -> dict[bytes, list[bytes]]:
    """What a browser gets of an answer with these headers."""
    messages: list[Any] = []

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async def keep(message: Any) -> None:
        messages.append(message)

    asyncio.run(Headers(answer)({"type": "http"}, None, keep))  # type: ignore[arg-type]  nothing is received
    found: dict[bytes, list[bytes]] = {}
    for name, value in messages[0]["headers"]:
        found.setdefault(name.lower(), []).append(value)
    return found


def policy() -> dict[str, list[str]]:
    found = dict(safe())[b"content-security-policy"].decode()
    return {name: sources.split() for name, _, sources in (one.partition(" ") for one in found.split("; "))}


def test_every_answer_has_each_header_once_and_keeps_its_own() -> None:
    found = sent([(b"Content-Type", b"text/html"), (b"X-Frame-Options", b"ALLOWALL")])
    assert found[b"content-type"] == [b"text/html"]
    assert found[b"x-frame-options"] == [b"DENY"]
    assert found[b"x-content-type-options"] == [b"nosniff"]
    assert found[b"referrer-policy"] == [b"no-referrer"]
    assert all(len(values) == 1 for values in found.values())


def test_the_policy_lets_no_inline_script_run_and_no_other_server_be_asked() -> None:
    found = policy()
    assert found["default-src"] == ["'none'"]
    assert "'unsafe-inline'" not in found["script-src"]
    assert "'unsafe-eval'" not in found["script-src"]
    assert [source for sources in found.values() for source in sources if "." in source or "*" in source] == []
    assert not any(re.match(r"https?:|wss?:", source) for sources in found.values() for source in sources)
    for nothing in ("frame-ancestors", "frame-src", "object-src", "base-uri"):
        assert found[nothing] == ["'none'"], nothing


def test_streamlit_finds_the_application_where_it_looks_for_it() -> None:
    discovery = pytest.importorskip("streamlit.web.server.app_discovery")
    found = discovery.discover_asgi_app(ENTRY)
    assert (found.is_asgi_app, found.import_string) == (True, "allabel_app:streamlit_app")
    assert ast.parse(ENTRY.with_name("main.py").read_text(encoding="utf-8")).body, "the script beside it is the page"


def test_an_address_in_a_text_becomes_no_link_in_markdown() -> None:
    text = "see http://198.51.100.7/x, HTTPS://evil.example, www.evil.example or eve+x@evil.example (a@b is none)"
    shown = re.sub(r"\\(.)", r"\1", plain(text))
    assert re.search(r"https?://|www\.|[-.\w+]@", shown, re.IGNORECASE) is None
    assert shown.replace("\u2060", "") == text


@pytest.mark.enable_socket
def test_the_command_serves_the_app_with_them_and_ends_on_a_signal_with_status_0(tmp_path: Path) -> None:
    with closing(socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", COMMAND, str(make_project(tmp_path / "p")), "--port", str(port), "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=os.environ) as process:
        try:
            for path in ("/", "/_stcore/health", "/static/nothing.js", "/annotate"):
                got = answered(f"http://localhost:{port}{path}")
                assert {name.decode(): got[name.decode()] for name, _ in safe()} == {
                    name.decode(): value.decode() for name, value in safe()
                }, path
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
        assert process.stdout is not None
        assert b"Traceback" not in process.stdout.read()


def answered(url: str) -> Any:
    """The headers of an answer, whatever its status; waits until there is a server."""
    until = time.monotonic() + START_S
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return answer.headers
        except urllib.error.HTTPError as error:
            return error.headers
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
