"""How the server is: alive, ready, and in figures."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from allabel.server.callers import Known, Measuring
from allabel.server.metrics import DEMONSTRATIONS, exposition
from allabel.server.problems import documented
from allabel.server.routes.tag import service_of

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def alive() -> dict[str, str]:
    """Answer as long as the process does."""
    return {"status": "ok"}


@router.get("/readyz", responses={503: {"description": "What it waits for", "content": {"application/json": {}}}})
async def ready(request: Request, known: Known) -> JSONResponse:
    """Say whether texts can be tagged, and what is missing where not: once there are keys, to those who have one."""
    waits_for = service_of(request).waits_for()
    if waits_for and not known:
        # It may name addresses of the inside, as that of the model's server.
        waits_for = ["something that is told to those who ask with a key"]
    body = {"status": "waits" if waits_for else "ready", "waits_for": waits_for}
    return JSONResponse(body, 503 if waits_for else 200)


@router.get(
    "/metrics",
    responses=documented(401, 403, 429, 503)
    | {200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus's text format"}},
    response_class=Response,
)
async def metrics(request: Request, caller: Measuring) -> Response:
    """Give the figures of all of the server's processes for Prometheus."""
    DEMONSTRATIONS.set(len(service_of(request).corpus.demonstrations))
    body, media_type = exposition()
    return Response(body, media_type=media_type)
