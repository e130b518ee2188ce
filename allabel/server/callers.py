"""Who asks: by an API key, as a bearer token, in X-API-Key or as the password of basic authentication."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBasic, HTTPBasicCredentials, HTTPBearer

from allabel.server.keys import Key, Keys, Scope
from allabel.server.limits import Rates
from allabel.server.origins import refuse_other_names, refuse_other_origins
from allabel.server.problems import ProblemError

# A key that is revoked opens nothing after so many seconds.
FRESH_S = 1.0
NOBODY = "api"
_bearer = HTTPBearer(auto_error=False, description="An API key: allabel serve keys add")
_header = APIKeyHeader(name="X-API-Key", auto_error=False)
_basic = HTTPBasic(auto_error=False, description="An API key as the password; the name does not matter")


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who asks. name: of the key, and the author of annotations. id: what their jobs are kept under."""

    name: str
    id: str


class Callers:
    """Tells callers by their keys; where the project has none, anybody may do anything."""

    def __init__(self, keys: Keys, rates: Rates) -> None:
        self._keys, self.rates = keys, rates
        self._known: dict[bytes, tuple[float, Key | None]] = {}
        self._required, self._looked_at = False, -FRESH_S

    async def admit(self, token: str | None, scope: Scope) -> Caller:
        """Return who holds the token. Raises ProblemError 401 for no key or a wrong one, 403 for another scope."""
        if not await self._are_required():
            return Caller(NOBODY, NOBODY)
        key = None if token is None else await self._check(token)
        if key is None:
            told = "there is no key with the request" if token is None else "the key is wrong, or was revoked"
            raise ProblemError(401, told, remedy="send Authorization: Bearer KEY; a key: allabel serve keys add NAME")
        if scope not in key.scopes:
            raise ProblemError(
                403,
                f"this needs the scope {scope.value!r}, which the key lacks",
                remedy="ask for a key with that scope",
            )
        return Caller(key.name, key.id)

    async def knows(self, token: str | None) -> bool:
        """Tell whether whoever holds the token may hear how the server is: anybody where nobody needs a key."""
        return not await self._are_required() or (token is not None and await self._check(token) is not None)

    async def _are_required(self) -> bool:
        if not self._required and time.monotonic() - self._looked_at >= FRESH_S:
            self._required = await asyncio.to_thread(self._keys.any)
            self._looked_at = time.monotonic()
        return self._required

    async def _check(self, token: str) -> Key | None:
        # The token itself is held nowhere.
        digest, now = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest(), time.monotonic()
        known = self._known.get(digest)
        if known is not None and now - known[0] < FRESH_S:
            return known[1]
        if len(self._known) > 1000:
            self._known.clear()
        key = await asyncio.to_thread(self._keys.check, token)
        self._known[digest] = (now, key)
        return key


def needs(scope: Scope) -> Callable[..., Awaitable[Caller]]:
    """Return the dependency of an address that needs this scope."""

    async def caller(
        request: Request,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
        header: Annotated[str | None, Depends(_header)],
        basic: Annotated[HTTPBasicCredentials | None, Depends(_optional_basic)],
    ) -> Caller:
        refuse_other_origins(request)
        token = bearer.credentials if bearer else header or (basic.password if basic else None)
        callers: Callers = request.app.state.callers
        found = await callers.admit(token, scope)
        if found.id == NOBODY:
            refuse_other_names(request)
        callers.rates.request(found.id)
        return found

    return caller


async def is_known(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    header: Annotated[str | None, Depends(_header)],
) -> bool:
    """Tell whether a caller has a key of any scope, or none is needed; turns nobody away."""
    callers: Callers = request.app.state.callers
    return await callers.knows(bearer.credentials if bearer else header)


async def _optional_basic(request: Request) -> HTTPBasicCredentials | None:
    try:
        return await _basic(request)
    except HTTPException:  # no base64: as good as none
        return None


Tagging = Annotated[Caller, Depends(needs(Scope.TAG))]
Reading = Annotated[Caller, Depends(needs(Scope.READ))]
Annotating = Annotated[Caller, Depends(needs(Scope.ANNOTATE))]
Known = Annotated[bool, Depends(is_known)]
Measuring = Annotated[Caller, Depends(needs(Scope.METRICS))]
