"""Large amounts, handed in as a job: kept in the store, done when nobody else waits, over restarts too."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Request
from fastapi.responses import StreamingResponse

from allabel.server.callers import Tagging
from allabel.server.job_runner import JobRunner
from allabel.server.job_store import Job, JobStore, JobText, State
from allabel.server.problems import ProblemError, documented
from allabel.server.routes.tag import NDJSON, ServiceOf, refuse_too_many
from allabel.server.service import text_id
from allabel.server.wire import JobOut, JobsOut, Options, TagRequest

PAGE = 1000
router = APIRouter(tags=["jobs"])
USUAL = documented(400, 401, 403, 422, 429, 503)
Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]


def jobs_of(request: Request) -> JobStore:
    """Return the jobs of the app."""
    found: JobStore = request.app.state.jobs
    return found


Jobs = Annotated[JobStore, Depends(jobs_of)]


@router.post("/v1/jobs", status_code=202, responses=USUAL | documented(413))
async def add(
    asked: TagRequest,
    request: Request,
    caller: Tagging,
    service: ServiceOf,
    jobs: Jobs,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200, pattern="^[!-~]+$")] = None,
) -> JobOut:
    """Hand in texts; when this answers they are kept, and will be tagged.

    The same Idempotency-Key again gives the job that there is, whatever the texts are.
    """
    documents = asked.documents()
    refuse_too_many(len(documents), service.limits.max_job_texts, "split it into several jobs")
    request.app.state.callers.rates.texts(caller.id, len(documents))
    options = Options(**asked.model_dump(include=set(Options.model_fields)))
    service.check(documents, options)
    service.known(options.backend)
    texts = [JobText(n, d.id if d.id is not None else text_id(d.text), d.text, d.meta) for n, d in enumerate(documents)]
    id = hashlib.sha256(f"{caller.id}:{idempotency_key}".encode()).hexdigest()[:32] if idempotency_key else ""
    job = await asyncio.to_thread(jobs.add, caller.id, texts, options.model_dump(exclude_none=True), id)
    runner: JobRunner = request.app.state.runner
    runner.poke()
    return told(job)


@router.get("/v1/jobs", responses=USUAL)
async def every(caller: Tagging, jobs: Jobs) -> JobsOut:
    """List the jobs of this key, the newest hundred first."""
    return JobsOut(jobs=[told(job) for job in await asyncio.to_thread(jobs.all, caller.id)])


@router.get("/v1/jobs/{id}", responses=USUAL | documented(404))
async def one(id: Id, caller: Tagging, jobs: Jobs) -> JobOut:
    """Say how far a job is."""
    return told(_found(await asyncio.to_thread(jobs.get, id, caller.id), id))


@router.delete("/v1/jobs/{id}", responses=USUAL | documented(404))
async def cancel(id: Id, caller: Tagging, jobs: Jobs) -> JobOut:
    """Cancel a job; what is tagged by then can be had. One that has ended stays as it is."""
    return told(_found(await asyncio.to_thread(jobs.cancel, id, caller.id), id))


@router.get(
    "/v1/jobs/{id}/result",
    responses=USUAL
    | documented(404, 409)
    | {200: {"content": {NDJSON: {"schema": {"type": "string"}}}, "description": "A line of `/v1/tag` a text"}},
    response_class=StreamingResponse,
)
async def result(id: Id, caller: Tagging, jobs: Jobs, partial: bool = False) -> StreamingResponse:
    """Give the tagged texts in order, a JSON object a line. partial: also of a job that is not done."""
    job = _found(await asyncio.to_thread(jobs.get, id, caller.id), id)
    if job.state is not State.DONE and not partial:
        raise ProblemError(
            409,
            f"the job is {job.state.value}: {job.n_done:,} of {job.n_texts:,} texts are tagged",
            remedy="ask again later, or with ?partial=true for what is there",
        )
    return StreamingResponse(_lines(jobs, id), media_type=NDJSON)


async def _lines(jobs: JobStore, id: str) -> AsyncIterator[bytes]:
    after = -1
    while page := await asyncio.to_thread(jobs.lines, id, after, PAGE):
        yield b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for _, line in page)
        after = page[-1][0]


def _found(job: Job | None, id: str) -> Job:
    if job is None:
        raise ProblemError(404, f"this key has no job {id}", remedy="GET /v1/jobs lists them")
    return job


def told(job: Job) -> JobOut:
    """Return a job as callers see it."""
    return JobOut(
        id=job.id,
        state=job.state.value,
        n_texts=job.n_texts,
        n_done=job.n_done,
        n_failed=job.n_failed,
        error=job.error,
        at=job.at.isoformat(),
        ended=None if job.ended is None else job.ended.isoformat(),
    )
