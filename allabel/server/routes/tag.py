"""Texts in, entities out, and what the other addresses share."""

import asyncio
import json
from collections.abc import Awaitable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from allabel.server.callers import Tagging
from allabel.server.problems import ProblemError, documented
from allabel.server.service import Service
from allabel.server.wire import TagRequest, TagResponse

NDJSON = "application/x-ndjson"
T = TypeVar("T")
router = APIRouter(tags=["tagging"])
USUAL = documented(400, 401, 403, 413, 422, 429, 503, 504)


def service_of(request: Request) -> Service:
    """Return the service behind the app."""
    found: Service = request.app.state.service
    return found


ServiceOf = Annotated[Service, Depends(service_of)]


@router.post("/v1/tag", responses=USUAL | documented(502), response_model=TagResponse)
async def tag(asked: TagRequest, request: Request, caller: Tagging, service: ServiceOf) -> Response:
    """Tag one text or many. The answer has them in order, each with a status; `ok` alone says anything of entities."""
    documents = asked.documents()
    refuse_too_many(len(documents), service.limits.max_texts, "POST /v1/jobs takes more")
    request.app.state.callers.rates.texts(caller.id, len(documents))
    lines = await unless_left(request, service.tag(documents, asked), service.limits.timeout_s)
    return Response(json.dumps({"documents": lines}, ensure_ascii=False), media_type="application/json")


def refuse_too_many(n: int, most: int, remedy: str) -> None:
    """Raise ProblemError where there are more texts than one request may have."""
    if n > most:
        raise ProblemError(413, f"{n:,} texts, where {most:,} at once are allowed", remedy=remedy)


async def unless_left(request: Request, work: Awaitable[T], timeout_s: float) -> T:
    """Return what the work gives; ends it when the caller leaves or after so many seconds.

    Raises ProblemError 504 after them.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(left(request))
    try:
        await asyncio.wait({working, leaving}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        if leaving.done():
            raise ProblemError(503, "the caller has left")
        raise ProblemError(
            504, f"the texts were not tagged within {timeout_s:g} s", remedy="send fewer at once, or a job"
        )
    finally:
        working.cancel()
        leaving.cancel()


async def left(request: Request) -> None:
    """Return when the caller leaves; to be asked when the whole body has come."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
