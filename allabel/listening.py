"""Whether a program can listen at an address, and how one that does ends."""

import errno
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from allabel.errors import InputError


def refuse_taken(host: str, port: int) -> None:
    """Raise InputError for a place to listen that cannot be had, before anything is started there."""
    try:
        kind, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(kind, socket.SOCK_STREAM) as trial:
            if os.name != "nt":  # there it would let two programs listen at one place
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise InputError(
                f"another program listens on port {port} already, perhaps allabel on another project",
                remedy=f"see who it is at http://localhost:{port}, or choose another port: --port {port % 65535 + 1}",
            ) from error
        if error.errno == errno.EACCES:
            raise InputError(f"port {port} is not for everybody", remedy="choose one above 1023: --port") from error
        raise InputError(
            f"nothing can listen on {host!r}: {error.strerror}",
            remedy="give --host an address of this machine, such as localhost, or 0.0.0.0 for all of them",
        ) from error


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGINT end what runs here with status 0: uvicorn sends them again when it has ended itself."""
    before = {one: signal.signal(one, _ended) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _ended(_signal: int, _frame: object) -> None:
    raise SystemExit(0)
