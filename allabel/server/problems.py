"""What goes wrong, as RFC 9457 problem details: one shape for every answer that is none."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.routing import Match

from allabel.errors import AllabelError, DatabaseError, InputError, ServerError

MEDIA_TYPE = "application/problem+json"
TITLES = {
    400: "The request cannot be read",
    401: "A key is needed",
    403: "The key may not do this",
    404: "There is no such thing",
    405: "This method is not for this address",
    409: "It is in the way of what is there",
    413: "The request is too large",
    415: "The content is of another type",
    422: "The request is wrong",
    429: "Too much at once",
    500: "Something is wrong with the server",
    502: "The model's server did not answer as it should",
    503: "Not ready",
    504: "It took too long",
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


class ProblemError(AllabelError):
    """A request that is answered with a problem. status: of HTTP. remedy: what the caller can do, in words."""

    def __init__(self, status: int, detail: str, *, remedy: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.remedy, self.retry_after_s = status, detail, remedy, retry_after_s


def problem(
    status: int,
    detail: str,
    *,
    remedy: str = "",
    errors: Sequence[Mapping[str, Any]] = (),
    headers: Mapping[str, str] | None = None,
    request_id: str = "",
) -> Response:
    """Return the response. errors: what is wrong where in the request, as `pointer` and `detail`."""
    body = _body(status, detail, remedy) | ({"errors": list(errors)} if errors else {})
    if request_id:
        body["instance"] = f"urn:allabel:request:{request_id}"
    # Escaped, for half a surrogate pair of the request may be named in it.
    return Response(json.dumps(body), status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def of_error(error: AllabelError, request_id: str) -> Response:
    """Return the problem that an error of ours is."""
    found = _as_problem(error)
    headers = {} if found.retry_after_s is None else {"Retry-After": str(_whole(found.retry_after_s))}
    if found.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="allabel"'
    return problem(found.status, found.detail, remedy=found.remedy, headers=headers, request_id=request_id)


def as_json(error: AllabelError) -> dict[str, Any]:
    """Return the problem as it stands in a line of a stream; `retry_after_s` takes the place of the header."""
    found = _as_problem(error)
    body = _body(found.status, found.detail, found.remedy)
    return body if found.retry_after_s is None else {**body, "retry_after_s": _whole(found.retry_after_s)}


def _as_problem(error: AllabelError) -> ProblemError:
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, DatabaseError):
        return ProblemError(503, "the store cannot answer just now; nothing was changed", retry_after_s=2)
    if isinstance(error, InputError):
        return ProblemError(422, error.problem, remedy=error.remedy)
    return ProblemError(502 if isinstance(error, ServerError) else 500, str(error))


def _body(status: int, detail: str, remedy: str) -> dict[str, Any]:
    title = TITLES.get(status, "Problem")
    body: dict[str, Any] = {"type": f"urn:allabel:problem:{status}", "title": title, "status": status, "detail": detail}
    return {**body, "remedy": remedy} if remedy else body


def _whole(seconds: float) -> int:
    return max(1, math.ceil(seconds))


def install(app: FastAPI) -> None:
    """Let every error of an app be answered so."""

    async def ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, AllabelError)
        return of_error(error, _id(request))

    async def of_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        # Starlette names the methods of the first route at an address, and there may be others.
        headers = {"Allow": ", ".join(_methods(request))} if error.status_code == 405 else error.headers
        return problem(error.status_code, str(error.detail), headers=headers, request_id=_id(request))

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        found = [{"pointer": _pointer(one["loc"]), "detail": one["msg"]} for one in error.errors()[:20]]
        first = found[0]
        status = 400 if any(one["type"] == "json_invalid" for one in error.errors()) else 422
        return problem(status, f"{first['pointer']}: {first['detail']}", errors=found, request_id=_id(request))

    app.add_exception_handler(AllabelError, ours)
    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(RequestValidationError, invalid)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what OpenAPI says of these statuses."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {s: {"description": TITLES[s], "content": {MEDIA_TYPE: {"schema": schema}}} for s in sorted(statuses)}


def _id(request: Request) -> str:
    found: str = request.scope.get("allabel.request_id", "")
    return found


def _methods(request: Request) -> list[str]:
    """Return the methods that the request's address takes."""
    asked = [(method, {**request.scope, "method": method}) for method in METHODS]
    return [m for m, scope in asked if any(one.matches(scope)[0] is Match.FULL for one in request.app.routes)]


def _pointer(loc: Sequence[Any]) -> str:
    """Write a place as pydantic names it: body/texts/0/text."""
    return "/".join(str(part) for part in loc)
