"""Works through the jobs of the store, one at a time in each process, when nobody else waits."""

import asyncio
import contextlib
import logging

from allabel.config import Serve
from allabel.errors import AllabelError
from allabel.server.job_store import LEASE_S, Job, JobStore, JobText, Line
from allabel.server.service import Service
from allabel.server.wire import Options, TextIn

# Texts tagged and kept together: what a kill makes to be tagged twice.
BLOCK = 256
IDLE_S, RETRY_S = 0.5, 10.0
logger = logging.getLogger(__name__)


class JobRunner:
    """A task that takes jobs and does them in blocks; each block is kept when it is done."""

    def __init__(self, service: Service, jobs: JobStore, limits: Serve) -> None:
        self._service, self._jobs, self._limits = service, jobs, limits
        self._task: asyncio.Task[None] | None = None
        self._came = asyncio.Event()
        self._stopping = False

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run(), name="allabel-jobs")

    def poke(self) -> None:
        """Tell that a job came."""
        self._came.set()

    async def stop(self) -> None:
        """End; the block under way is given up, and the job goes back for others."""
        self._stopping = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self._jobs.forget, self._limits.job_days)
                job = await asyncio.to_thread(self._jobs.claim)
                if job is not None:
                    await self._do(job)
                    continue
            except AllabelError as error:
                logger.warning("jobs rest for %g s: %s", RETRY_S, error)
                await asyncio.sleep(RETRY_S)
                continue
            self._came.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._came.wait(), IDLE_S)

    async def _do(self, job: Job) -> None:
        try:
            while texts := await asyncio.to_thread(self._jobs.next_texts, job.id, BLOCK):
                lines = await self._tagged(job, texts)
                if not await asyncio.to_thread(self._jobs.keep, job.id, lines):
                    return  # cancelled, or taken over by another process
        except AllabelError as error:
            # A model that is away comes back; the job waits for it, and says so.
            await asyncio.to_thread(self._jobs.wait, job.id, str(error))
            await asyncio.sleep(min(RETRY_S, LEASE_S / 3))
            await asyncio.to_thread(self._jobs.release, job.id)
        except asyncio.CancelledError:
            self._jobs.release(job.id)
            raise

    async def _tagged(self, job: Job, texts: list[JobText]) -> list[tuple[int, Line]]:
        options = Options.model_validate(job.options)
        documents = [TextIn(text=one.text, id=one.doc_id, meta=one.meta) for one in texts]
        lines = await self._service.tag(documents, options, behind=True)
        return [(one.n, line) for one, line in zip(texts, lines, strict=True)]
