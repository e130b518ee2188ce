"""Answers that are none, read as errors: RFC 9457 problem details of the server, or whatever stands before it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Self

from allabel.client.errors import ApiError
from allabel.client.retrying import retry_after_s

# What another try may get over. Every other 4xx is the request's own fault, and stays one.
PASSING = frozenset({429, 502, 503, 504})
LONGEST = 300


@dataclass(frozen=True, slots=True)
class Failure:
    """An error, and whether the same request may be sent again."""

    error: ApiError
    again: bool

    def where(self, again: bool) -> Self:
        """Return it with that."""
        return replace(self, again=again)


def failure(
    status: int | None, headers: Mapping[str, str], body: bytes, request_id: str, *, broken: str = ""
) -> Failure:
    """Return what an answer that is not good says. broken: why none came, with the status None."""
    if status is None:
        remedy = "is the server up, and the address right? see: allabel serve"
        return Failure(ApiError(broken, remedy=remedy, request_id=request_id), again=True)
    problem = _problem(body)
    detail = problem.get("detail")
    if not isinstance(detail, str):
        detail = _unlike_ours(status, headers, body)
    error = ApiError(
        detail,
        status=status,
        remedy=str(problem.get("remedy") or ""),
        request_id=headers.get("x-request-id", request_id),
        retry_after_s=retry_after_s(headers.get("retry-after"), datetime.now(UTC)),
        errors=[one for one in problem.get("errors") or () if isinstance(one, dict)],
    )
    return Failure(error, again=status in PASSING)


def unreadable(what: str, request_id: str = "") -> ApiError:
    """Return the error for an answer that is not in the form it ought to be."""
    return ApiError(
        f"the server answered what this client cannot read: {what}",
        remedy="is it `allabel serve`, of the version that this client is of?",
        request_id=request_id,
    )


def _problem(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _unlike_ours(status: int, headers: Mapping[str, str], body: bytes) -> str:
    if 300 <= status < 400:
        return f"the server is elsewhere, at {headers.get('location', 'an address it does not name')}"
    said = " ".join(body.decode("utf-8", "replace").split())
    return f"an answer that says no more than: {said[:LONGEST] or 'nothing'}"
