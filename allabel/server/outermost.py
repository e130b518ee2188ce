"""What happens to every request: an id, a limit on its body, a place in the figures. Plain ASGI costs little."""

import logging
import re
import secrets
import time

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from allabel.server.metrics import REQUESTS, SECONDS, UNDER_WAY
from allabel.server.problems import problem

_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
logger = logging.getLogger(__name__)


class Outermost:
    """Wraps an app. most: bytes of a body."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        id = given.decode() if _ID.fullmatch(given) else secrets.token_hex(8)
        scope["allabel.request_id"] = id
        began, status, began_answer = time.monotonic(), 500, False

        async def out(message: Message) -> None:
            nonlocal status, began_answer
            if message["type"] == "http.response.start":
                status, began_answer = message["status"], True
                message["headers"] = [*message["headers"], (b"x-request-id", id.encode()), *_SAFE]
                if _draining(scope):
                    message["headers"].append((b"connection", b"close"))
            await send(message)

        UNDER_WAY.inc()
        try:
            length = headers.get(b"content-length", b"0")
            if length.isdigit() and int(length) > self._most:
                await problem(413, self._too_large(), request_id=id)(scope, receive, out)
            else:
                await self._app(scope, self._counted(receive), out)
        except Exception:
            logger.exception("request %s failed", id)
            if began_answer:
                raise
            await problem(500, f"see the server's log for request {id}", request_id=id)(scope, receive, out)
        finally:
            UNDER_WAY.dec()
            # The route and not the address, which may hold what callers wrote.
            route = scope.get("route")
            path = getattr(route, "path", "other")
            REQUESTS.labels(path, scope["method"] if route else "other", status).inc()
            SECONDS.labels(path).observe(time.monotonic() - began)

    def _counted(self, receive: Receive) -> Receive:
        n = 0

        async def counted() -> Message:
            nonlocal n
            message = await receive()
            n += len(message.get("body", b""))
            if n > self._most:
                raise HTTPException(413, self._too_large())
            return message

        return counted

    def _too_large(self) -> str:
        return f"the body is larger than {self._most:,} bytes; send less at once"


# An answer is data: no page is to make anything else of it, to show it as a part of its own, or to keep it.
_SAFE = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


def _draining(scope: Scope) -> bool:
    service = getattr(scope["app"].state, "service", None) if "app" in scope else None
    return bool(service is not None and service.draining)
