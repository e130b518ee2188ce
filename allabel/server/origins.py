"""Pages of other origins: the browser of somebody at this machine is no way into the server."""

import ipaddress
from urllib.parse import urlsplit

from fastapi import Request

from allabel.server.problems import ProblemError

# A page may have a browser fetch from any address, but does not get to read the answer.
_READS = ("GET", "HEAD", "OPTIONS")
_ELSEWHERE = ("cross-site", "same-site")


def refuse_other_origins(request: Request) -> None:
    """Raise ProblemError 403 where a browser says that a page of another origin sends this, and it may change things.

    A browser adds what it remembers of a password to such a request, and a server without keys asks for none.
    """
    if request.method in _READS:
        return
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if site in _ELSEWHERE or (origin is not None and urlsplit(origin).netloc != request.headers.get("host")):
        raise ProblemError(
            403,
            "a page of another origin may not ask this server from a browser",
            remedy="ask from a program, or from a server that stands between",
        )


def refuse_other_names(request: Request) -> None:
    """Raise ProblemError 403 where this machine is asked under the name of another one.

    A page can have its own name point to this machine, and is of the same origin then. Source: DNS rebinding.
    """
    listening = request.scope.get("server")
    if listening is None or not _is_loopback(str(listening[0])):
        return
    try:
        name = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:
        name = ""
    if name != "localhost" and not name.endswith(".localhost") and not _is_loopback(name):
        raise ProblemError(
            403,
            "nobody needs a key here, so this machine answers to its own names alone, such as 127.0.0.1 and localhost",
            remedy="make a key: allabel serve keys add NAME; or have the proxy send Host: localhost",
        )


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:  # a name, or the path of a socket
        return False
