"""Stands before a server and passes everything on, but for the next requests that it was told to spoil.

Use as a context manager. Its faults are taken one by one; a request for which there is none is passed on.
"""

import contextlib
import json
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

import httpx


@dataclass(frozen=True)
class Says:
    """Answers itself."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Resets:
    """Breaks the connection off; before the server has the request, or after it acted on it."""

    acted: bool = False


@dataclass(frozen=True)
class Cuts:
    """Passes the first bytes of the server's answer on. clean: and ends it as if that were all."""

    n_bytes: int
    clean: bool = False


Fault = Says | Resets | Cuts


def problem(status: int, detail: str, **headers: str) -> Says:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Says(status, json.dumps({"status": status, "detail": detail, "remedy": "wait"}).encode(), named)


@dataclass(frozen=True)
class Heard:
    """A request that came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class FailingProxy:
    def __init__(self, behind: str) -> None:
        self.behind, self.faults, self.heard = behind, list[Fault](), list[Heard]()

    def __enter__(self) -> Self:
        proxy = self
        self.http = httpx.Client(base_url=self.behind, timeout=60)

        class Handler(_Handler):
            of = proxy

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        # Those that pass something on are waited for, so that their sockets are closed by whoever opened them.
        self._server.daemon_threads = False
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self.http.close()


class _Handler(BaseHTTPRequestHandler):
    of: FailingProxy
    protocol_version = "HTTP/1.1"
    timeout = 10

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.of.heard.append(Heard(self.command, self.path, headers, body))
        fault = self.of.faults.pop(0) if self.of.faults else None
        if isinstance(fault, Says):
            self._say(fault.status, fault.body, fault.headers)
        elif isinstance(fault, Resets) and not fault.acted:
            self._break()
        else:
            self._pass_on(headers, body, fault)

    do_GET = do_POST = do_DELETE = _any  # noqa: N815  the names that http.server looks for

    def _pass_on(self, headers: dict[str, str], body: bytes, fault: Fault | None) -> None:
        kept = {name: value for name, value in headers.items() if name not in {"host", "content-length", "connection"}}
        answer = self.of.http.request(self.command, self.path, headers=kept, content=body)
        if isinstance(fault, Resets):
            self._break()
        elif isinstance(fault, Cuts) and not fault.clean:
            self.send_response(answer.status_code)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content[: fault.n_bytes])
            self._break(hard=False)
        else:
            content = answer.content[: fault.n_bytes] if isinstance(fault, Cuts) else answer.content
            self._say(answer.status_code, content, {"Content-Type": answer.headers.get("content-type", "")})

    def _say(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _break(self, *, hard: bool = True) -> None:
        if hard:  # RST in place of FIN
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.close_connection = True
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:
        pass

    def finish(self) -> None:
        with contextlib.suppress(OSError):  # it was broken off
            super().finish()
