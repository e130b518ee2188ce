"""What every answer of the app tells the browser: to run no script but the app's own, and to ask no other server."""

import base64
import hashlib
import re
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


class Headers:
    """Wraps the app and adds to its answers what keeps pages from harm, whatever texts, labels and names hold."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or one connection over a web socket, which has no such headers."""

        async def out(message: Message) -> None:
            if message["type"] == "http.response.start":
                mine = safe()
                names = {name for name, _ in mine}
                message["headers"] = [*((n, v) for n, v in message["headers"] if n.lower() not in names), *mine]
            await send(message)

        await self._app(scope, receive, out if scope["type"] == "http" else send)


@lru_cache
def safe() -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers, names in lower case."""
    policy = "; ".join(f"{what} {' '.join(sources)}" for what, sources in _policy().items())
    return (
        (b"content-security-policy", policy.encode()),
        (b"x-frame-options", b"DENY"),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    )


def _policy() -> dict[str, tuple[str, ...]]:
    """Return the Content-Security-Policy: as little as streamlit and our components work with."""
    return {
        "default-src": ("'none'",),
        # `blob:` is how streamlit loads a component's script; only a script that runs can make one. No inline script
        # runs but the one of streamlit's own page, no handler in an attribute, no `javascript:` address.
        "script-src": ("'self'", "blob:", "'wasm-unsafe-eval'", *_hashes()),
        # Streamlit styles by elements that its scripts make.
        "style-src": ("'self'", "'unsafe-inline'"),
        "img-src": ("'self'", "data:", "blob:"),
        "font-src": ("'self'", "data:"),
        "media-src": ("'self'",),
        "connect-src": ("'self'",),
        "worker-src": ("'self'", "blob:"),
        "manifest-src": ("'self'",),
        "base-uri": ("'none'",),
        "form-action": ("'self'",),
        "frame-src": ("'none'",),
        "frame-ancestors": ("'none'",),
        "object-src": ("'none'",),
    }


def _hashes() -> tuple[str, ...]:
    """Return the inline scripts of streamlit's own page, each as the policy names it."""
    found = find_spec("streamlit")
    assert found is not None
    assert found.origin is not None
    page = (Path(found.origin).parent / "static" / "index.html").read_text(encoding="utf-8")
    digests = (hashlib.sha256(script.encode()).digest() for script in _INLINE.findall(page))
    return tuple(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
