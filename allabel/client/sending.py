"""What both clients know of httpx: where the server is, the key, and what its errors mean."""

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from allabel import __version__
from allabel.client.steps import Broken, Open, Send
from allabel.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    import httpx

URL, KEY = "ALLABEL_SERVER_URL", "ALLABEL_SERVER_KEY"
DEFAULT_URL = "http://127.0.0.1:8200"
CONNECT_S = 10.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where the server is. key: shown nowhere; "" where there is none."""

    url: str
    key: str = field(repr=False)

    @classmethod
    def of(cls, url: str | None, key: str | None) -> "Place":
        """Return the place that arguments name, or the variables where those are None.

        Raises InputError for an address or a key that cannot be; the message does not hold the key.
        """
        url = (os.environ.get(URL) or DEFAULT_URL) if url is None else url
        key = (os.environ.get(KEY, "") if key is None else key).strip()
        try:
            parts = urlsplit(url)
            whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            whole = False
        if not whole or parts.query or parts.fragment:
            # Not shown: where it is wrong, the key may stand in it.
            raise InputError("the server's address is none", remedy=f"for example {DEFAULT_URL}, in url= or {URL}")
        if parts.username is not None or parts.password is not None:
            raise InputError("the server's address has a user in it", remedy=f"a key goes into key= or {KEY}")
        if not all("!" <= one <= "~" for one in key):
            raise InputError("the key has characters that no key has", remedy="allabel serve keys add NAME prints one")
        return cls(url.rstrip("/"), key)

    def settings(self, timeout_s: float) -> dict[str, Any]:
        """Return what httpx's clients are made with."""
        headers = {"User-Agent": f"allabel-client/{__version__}", "Accept": "application/json, application/x-ndjson"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        timeout = _httpx().Timeout(timeout_s, connect=min(CONNECT_S, timeout_s))
        return {"base_url": self.url, "headers": headers, "timeout": timeout}

    def hidden(self, said: bytes) -> bytes:
        """Return what a server said without the key, for there are some that say what they were sent."""
        return said.replace(self.key.encode(), b"(the key)") if self.key else said

    def told(self, name: str) -> str:
        """Return how a client of this place shows itself."""
        return f"{name}({self.url!r}, {'with a key' if self.key else 'without a key'})"


def _httpx() -> Any:
    try:
        import httpx
    except ImportError as error:
        raise MissingExtraError("the client needs httpx: pip install 'allabel[client]'") from error
    return httpx


def sync_http(place: Place, timeout_s: float) -> "httpx.Client":
    """Return httpx's client."""
    made: httpx.Client = _httpx().Client(**place.settings(timeout_s))
    return made


def async_http(place: Place, timeout_s: float) -> "httpx.AsyncClient":
    """Return httpx's async client."""
    made: httpx.AsyncClient = _httpx().AsyncClient(**place.settings(timeout_s))
    return made


def request(http: "httpx.Client | httpx.AsyncClient", step: Send | Open) -> "httpx.Request":
    """Return a step's request."""
    call = step.call
    return http.build_request(
        call.method,
        call.path,
        params=list(call.params) or None,
        content=call.body,
        headers={**call.headers, "X-Request-ID": step.request_id},
    )


def broken(error: "httpx.HTTPError | httpx.StreamError", place: Place) -> Broken:
    """Return what an error of httpx's means."""
    import httpx

    said = f"{type(error).__name__} {error}".strip()
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return Broken(f"{place.url} cannot be reached: {said}", again=True)
    if isinstance(error, httpx.TimeoutException):
        # The server gives up by itself, and says so: whoever waited this long waits as long again.
        return Broken(f"{place.url} did not answer in time: {said}", again=False)
    again = isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError)
    return Broken(f"the connection to {place.url} broke off: {said}", again=again)
