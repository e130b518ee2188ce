"""Programs that call `allabel serve` at a steady rate, whatever its answers do (open loop)."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from itertools import islice

import httpx
import numpy as np
from soak_notes import Notes
from soak_parts import texts

from allabel.document import Document

PER_S = 20.0
STREAM_S, JOB_S = 20.0, 30.0
N_STREAM, N_JOB, N_BATCH = 100, 200, 16
# At first so many texts are confirmed that the server learns anew, as it does each time a tenth is new: while it takes
# new weights it holds the old ones too, and what it holds from then on is what it will hold.
FIRST_S, N_FIRST = 300.0, 240
# One in so many streams is broken off by its caller, and one in so many jobs is cancelled.
ONE_IN = 5
TIMEOUT_S = 30.0
# A connection is left before the server would close it, which is after 30 s.
IDLE_S = 20.0
# Requests under way at once; where the server is so far behind, the next ones are not sent, and that is an error.
MOST = 64


class Load:
    """Callers of one server. confirmed: what it said it keeps, by id the entities sent last."""

    def __init__(self, url: str, key: str, notes: Notes, minutes: float) -> None:
        self._notes, self._seconds = notes, 60 * minutes
        self._rng = np.random.default_rng(1)
        self._made = texts(1, "api-")
        self._known = list(islice(self._made, 300))
        self.confirmed: dict[str, Document] = {}
        self.n_done = {"requests": 0, "streams": 0, "jobs": 0}
        # The share of requests of each kind.
        self._kinds: dict[Callable[[], Awaitable[None]], float] = {
            self._single: 0.70,
            self._batch: 0.10,
            self._annotation: 0.01,
            self._near: 0.05,
            self._labels: 0.05,
            self._metrics: 0.03,
            self._ready: 0.02,
            self._stranger: 0.02,
            self._nonsense: 0.02,
        }
        self._api = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {key}"},
            timeout=TIMEOUT_S,
            limits=httpx.Limits(max_connections=MOST + 8, max_keepalive_connections=MOST + 8, keepalive_expiry=IDLE_S),
        )

    async def run(self) -> None:
        """Call until the time is over; returns when the last answer is there."""
        async with self._api:
            streams = self._every(STREAM_S, self._stream, "streams")
            jobs = self._every(JOB_S, self._job, "jobs")
            await asyncio.gather(self._requests(), streams, jobs, self._first())

    async def _first(self) -> None:
        """Confirm N_FIRST new texts within the first FIRST_S seconds, or the first sixth of a shorter run."""
        began, seconds = self._notes.now, min(FIRST_S, self._seconds / 6)
        for n, one in enumerate(islice(texts(3, "first-"), N_FIRST)):
            await asyncio.sleep(max(0.0, began + n * seconds / N_FIRST - self._notes.now))
            await self._noted("requests", partial(self._confirm, one))

    async def _requests(self) -> None:
        kinds, shares = list(self._kinds), list(self._kinds.values())
        tasks: set[asyncio.Task[None]] = set()
        for n in range(int(PER_S * self._seconds)):
            due = self._notes.began + n / PER_S
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if len(tasks) >= MOST:
                self.n_done["requests not sent"] = self.n_done.get("requests not sent", 0) + 1
                continue
            kind = kinds[self._rng.choice(len(kinds), p=shares)]
            task = asyncio.create_task(self._noted("requests", kind))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)
        if n := self.n_done.get("requests not sent"):
            self._notes.error("api", f"{n:,} requests were not sent, as {MOST} waited for their answers")

    async def _every(self, seconds: float, do: Callable[[], Awaitable[None]], what: str) -> None:
        while self._notes.now < self._seconds:
            began = time.monotonic()
            await self._noted(what, do)
            await asyncio.sleep(max(0.0, min(began + seconds - time.monotonic(), self._seconds - self._notes.now)))

    async def _noted(self, what: str, do: Callable[[], Awaitable[None]]) -> None:
        try:
            await do()
        except Exception as error:  # noqa: BLE001  whatever it is, it is what this test looks for
            self._notes.error(f"api {getattr(do, '__name__', what)}", f"{error!r}, for {error.__cause__!r}")
        self.n_done[what] += 1

    async def _ask(
        self, method: str, path: str, expected: int = 200, *, route: str = "", **how: object
    ) -> httpx.Response:
        began = time.monotonic()
        answer = await self._api.request(method, path, **how)  # type: ignore[arg-type]  # passed on as it came
        named = f"{method} {route or path.partition('?')[0]}{'' if expected < 400 else ' refused'}"
        self._notes.spent(named, time.monotonic() - began)
        if answer.status_code != expected:
            self._notes.error(f"{method} {path}", f"status {answer.status_code}, not {expected}: {answer.text}")
        return answer

    def _text(self) -> Document:
        return self._known[self._rng.integers(len(self._known))]

    async def _single(self) -> None:
        answer = await self._ask("POST", "/v1/tag", json={"text": self._text().text})
        self._all_ok(answer.json()["documents"], 1)

    async def _batch(self) -> None:
        began = time.monotonic()
        asked = [self._text().text for _ in range(N_BATCH)]
        answer = await self._api.post("/v1/tag", json={"texts": asked})
        self._notes.spent(f"POST /v1/tag, {N_BATCH} texts", time.monotonic() - began)
        self._all_ok(answer.json()["documents"], N_BATCH)

    async def _annotation(self) -> None:
        # Nine in ten correct a text that was confirmed before, as people do: a corpus grows slowly.
        new = not self.confirmed or self._rng.random() < 0.1
        await self._confirm(
            self._text() if new else list(self.confirmed.values())[self._rng.integers(len(self.confirmed))]
        )

    async def _confirm(self, one: Document) -> None:
        entities = [{"start": s.start, "end": s.end, "label": s.label} for s in one.entities or ()]
        body = {"documents": [{"id": one.id, "text": one.text, "entities": entities}]}
        key = {"Idempotency-Key": f"soak-{time.monotonic_ns()}"}
        answer = await self._ask("POST", "/v1/annotations", 201, json=body, headers=key)
        if answer.status_code == httpx.codes.CREATED:
            self.confirmed[one.id] = one

    async def _near(self) -> None:
        await self._ask("GET", "/v1/demonstrations?limit=5", params={"near": self._text().text, "limit": 5})

    async def _labels(self) -> None:
        await self._ask("GET", "/v1/labels")

    async def _metrics(self) -> None:
        await self._ask("GET", "/metrics")

    async def _ready(self) -> None:
        await self._ask("GET", "/readyz")

    async def _stranger(self) -> None:
        wrong = {"Authorization": f"Bearer alb_{self._rng.integers(2**40):x}_{self._rng.integers(2**62):x}"}
        await self._ask("GET", "/v1/labels", 401, headers=wrong)

    async def _nonsense(self) -> None:
        await self._ask("POST", "/v1/tag", 422, json={"text": 5, "labels": [self._text().text]})

    async def _stream(self) -> None:
        leaves = self._rng.random() < 1 / ONE_IN
        wanted = [self._text() for _ in range(N_STREAM)]

        async def lines() -> AsyncIterator[bytes]:
            for one in wanted:
                yield json.dumps({"id": one.id, "text": one.text}).encode() + b"\n"
                await asyncio.sleep(0.01)

        began, got = time.monotonic(), []
        how = {"content": lines(), "headers": {"Content-Type": "application/x-ndjson"}}
        async with self._api.stream("POST", "/v1/tag/stream", **how) as answer:  # type: ignore[arg-type]  # as above
            async for line in answer.aiter_lines():
                got.append(json.loads(line))
                if leaves and len(got) > N_STREAM / 2:
                    return
        self._notes.spent("POST /v1/tag/stream", time.monotonic() - began)
        self._all_ok(got, N_STREAM)

    async def _job(self) -> None:
        began, cancelled = time.monotonic(), self._rng.random() < 1 / ONE_IN
        asked = [self._text().text for _ in range(N_JOB)]
        job = (await self._ask("POST", "/v1/jobs", 202, json={"texts": asked})).json()
        if cancelled:
            await self._ask("DELETE", f"/v1/jobs/{job['id']}", route="/v1/jobs/ID")
            return
        while job["state"] not in {"done", "cancelled"} and time.monotonic() - began < 2 * TIMEOUT_S:
            await asyncio.sleep(0.5)
            job = (await self._api.get(f"/v1/jobs/{job['id']}")).json()
        self._notes.spent(f"a job of {N_JOB} texts", time.monotonic() - began)
        result = await self._api.get(f"/v1/jobs/{job['id']}/result")
        self._all_ok([json.loads(line) for line in result.text.splitlines()], N_JOB)

    def _all_ok(self, found: list[dict[str, object]], n: int) -> None:
        failed = [one for one in found if one.get("status") != "ok"]
        if len(found) != n or failed:
            self._notes.error("api", f"{len(found)} of {n} answers, {len(failed)} not ok: {failed[:1]}")
