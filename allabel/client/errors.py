"""What can go wrong between a caller and the server, and what answers that are none say of it.

The server says it as RFC 9457 problem details; what may stand before it says it in its own words.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from allabel.errors import AllabelError, ServerError
from allabel.retry_after import retry_after_s

# What another try may get over. Every other 4xx is the request's own fault, and stays one.
PASSING = frozenset({429, 502, 503, 504})
LONGEST = 300


class ApiError(ServerError):
    """A request that was not answered with what it asked for; it never holds the key.

    status: of HTTP; None where no answer came. detail: what is wrong. remedy: what can be done, "" where nobody knows.
    request_id: under which the server's log has it. retry_after_s: when to come back; None where the server set no
    time. errors: what is wrong where in the request, as `pointer` and `detail`.
    """

    def __init__(
        self,
        detail: str,
        *,
        status: int | None = None,
        remedy: str = "",
        request_id: str = "",
        retry_after_s: float | None = None,
        errors: Sequence[Mapping[str, str]] = (),
    ) -> None:
        about = ", ".join(
            part
            for part in (f"status {status}" if status else "", f"request {request_id}" if request_id else "")
            if part
        )
        super().__init__(detail + (f" ({about})" if about else "") + (f"\n  remedy: {remedy}" if remedy else ""))
        self.detail, self.status, self.remedy, self.request_id = detail, status, remedy, request_id
        self.retry_after_s, self.errors = retry_after_s, tuple(errors)


class NotTaggedError(AllabelError):
    """The entities of a text were asked for that was not tagged: nothing is known of them."""


class WaitError(AllabelError, TimeoutError):
    """A job was not over in the time that its caller gave it; it goes on."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An error, and whether the same request may be sent again."""

    error: ApiError
    again: bool


def unanswered(why: str, again: bool, request_id: str) -> Failure:
    """Return what it means that no answer came."""
    remedy = "is the server up, and the address right? see: allabel serve"
    return Failure(ApiError(why, remedy=remedy, request_id=request_id), again)


def failure(status: int, headers: Mapping[str, str], body: bytes, request_id: str) -> Failure:
    """Return what an answer that is not good says."""
    problem = _problem(body)
    detail = problem.get("detail")
    if not isinstance(detail, str):
        detail = _unlike_ours(status, headers, body)
    error = ApiError(
        detail,
        status=status,
        remedy=str(problem.get("remedy") or ""),
        request_id=headers.get("x-request-id", request_id),
        retry_after_s=retry_after_s(headers),
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
