"""Works through the jobs of the store, one at a time in each process, when nobody else waits."""

import asyncio
import contextlib
import logging
import math
import time

from allabel.config import Serve
from allabel.errors import AllabelError
from allabel.server.job_store import LEASE_S, Job, JobStore, JobText, Line
from allabel.server.problems import ProblemError
from allabel.server.service import Service
from allabel.server.wire import Options, TextIn

# Texts tagged and kept together: what a kill makes to be tagged twice.
BLOCK = 256
IDLE_S, RETRY_S, FORGET_S = 0.5, 10.0, 600.0
WRONG = 422
logger = logging.getLogger(__name__)


class JobRunner:
    """A task that takes jobs and does them in blocks; each block is kept when it is done."""

    def __init__(self, service: Service, jobs: JobStore, limits: Serve) -> None:
        self._service, self._jobs, self._limits = service, jobs, limits
        self._task: asyncio.Task[None] | None = None
        self._came = asyncio.Event()

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run(), name="allabel-jobs")

    def poke(self) -> None:
        """Tell that a job came."""
        self._came.set()

    async def stop(self) -> None:
        """End; the block under way is given up, and the job goes back for others."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        forgotten_at = -math.inf
        while True:
            try:
                if time.monotonic() - forgotten_at > FORGET_S:
                    await asyncio.to_thread(self._jobs.forget, self._limits.job_days)
                    forgotten_at = time.monotonic()
                job = await asyncio.to_thread(self._jobs.claim)
                if job is not None:
                    await self._do(job)
                    continue
            except Exception:  # whoever does the jobs goes on with the next one
                logger.exception("jobs rest for %g s", RETRY_S)
                await asyncio.sleep(RETRY_S)
                continue
            self._came.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._came.wait(), IDLE_S)

    async def _do(self, job: Job) -> None:
        try:
            while texts := await asyncio.to_thread(self._jobs.next_texts, job.id, BLOCK):
                lines = await self._held(job, texts)
                if lines is None or not await asyncio.to_thread(self._jobs.keep, job.id, lines):
                    return  # cancelled, or taken over by another process
        except ProblemError as error:
            if error.status == WRONG:
                # A label or a backend that is there no more: it will not come back by waiting.
                await asyncio.to_thread(self._jobs.give_up, job.id, error.detail)
            else:
                await asyncio.to_thread(self._jobs.wait, job.id, error.detail, RETRY_S)
        except AllabelError as error:
            # A model that is away comes back; the job waits for it and says so, and others have their turn.
            await asyncio.to_thread(self._jobs.wait, job.id, str(error), RETRY_S)
        except asyncio.CancelledError:
            self._jobs.release(job.id)
            raise
        except Exception as error:
            await asyncio.to_thread(self._jobs.wait, job.id, f"see the server's log: {type(error).__name__}", RETRY_S)
            raise

    async def _held(self, job: Job, texts: list[JobText]) -> list[tuple[int, Line]] | None:
        """Return the texts tagged; None where the job was cancelled or taken over meanwhile."""
        tagging = asyncio.create_task(self._tagged(job, texts))
        try:
            while not (await asyncio.wait({tagging}, timeout=LEASE_S / 3))[0]:
                if not await asyncio.to_thread(self._jobs.renew, job.id):
                    return None
            return tagging.result()
        finally:
            tagging.cancel()

    async def _tagged(self, job: Job, texts: list[JobText]) -> list[tuple[int, Line]]:
        options = Options.model_validate(job.options)
        documents = [TextIn(text=one.text, id=one.doc_id, meta=one.meta) for one in texts]
        lines = await self._service.tag(documents, options, behind=True)
        return [(one.n, line) for one, line in zip(texts, lines, strict=True)]
