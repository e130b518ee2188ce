"""Texts of many callers in one line, tagged together by one thread: batches where there are many, no wait where not."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from allabel.reply import Reply
from allabel.server.problems import ProblemError

# Texts tagged in one go: enough for the work to be done in batches, few enough that nobody waits long for others.
BATCH = 128
Work = Callable[[Sequence[str], int | None], Sequence[Reply]]


@dataclass(slots=True, eq=False)
class _Asked:
    texts: Sequence[str]
    shots: int | None
    answer: "asyncio.Future[list[Reply]]"
    behind: bool
    replies: list[Reply] = field(default_factory=list)

    @property
    def left(self) -> Sequence[str]:
        return self.texts[len(self.replies) :]


class Line:
    """Takes texts to tag, and calls `work(texts, shots)` for some of them at a time, in a thread of its own.

    most: texts that may wait; what comes beyond is sent away with status 429 and the seconds to wait. Requests are
    served in order, each at most BATCH texts at a time, so that a large one does not hold up the small ones behind it;
    those in the background have their turn when nobody else waits.
    """

    def __init__(self, work: Work, most: int) -> None:
        self._work, self._most = work, most
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="allabel-tagging")
        self._asked: deque[_Asked] = deque()
        self._behind: deque[_Asked] = deque()
        self._came = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.n_waiting = 0
        self._texts_per_s = 500.0

    def start(self) -> None:
        """Begin, in the event loop that runs."""
        self._task = asyncio.create_task(self._run(), name="allabel-line")

    async def stop(self) -> None:
        """End after the texts under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._thread.shutdown()

    async def in_thread(self, work: Callable[[], None]) -> None:
        """Do something between two batches, where nothing is being tagged."""
        await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def tag(self, texts: Sequence[str], shots: int | None = None, *, behind: bool = False) -> list[Reply]:
        """Return the texts' replies, in order. behind: when nobody else waits; such texts are never sent away.

        Raises ProblemError where too many wait. Whoever cancels has no more of their texts tagged.
        """
        if not texts:
            return []
        if not behind and self.n_waiting + len(texts) > self._most and self.n_waiting:
            raise ProblemError(
                429,
                f"{self.n_waiting:,} texts wait already",
                remedy="send again after the seconds that Retry-After names, or hand large amounts in as a job",
                retry_after_s=self.n_waiting / self._texts_per_s,
            )
        asked = _Asked(texts, shots, asyncio.get_running_loop().create_future(), behind)
        self._queue(asked).append(asked)
        self.n_waiting += 0 if behind else len(texts)
        self._came.set()
        try:
            return await asked.answer
        finally:
            if not behind:
                self.n_waiting -= len(texts)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            batch = self._next()
            if not batch:
                self._came.clear()
                await self._came.wait()
                continue
            texts = [text for _, some in batch for text in some]
            began = time.monotonic()
            try:
                shots = batch[0][0].shots
                replies = iter(await loop.run_in_executor(self._thread, self._work, texts, shots))
            except Exception as error:  # noqa: BLE001  it is raised where the texts come from
                for asked, _ in batch:
                    if not asked.answer.done():
                        asked.answer.set_exception(error)
                continue
            self._texts_per_s += 0.1 * (len(texts) / max(1e-4, time.monotonic() - began) - self._texts_per_s)
            for asked, some in batch:
                asked.replies += [next(replies) for _ in some]
                if asked.left:
                    self._queue(asked).append(asked)
                elif not asked.answer.done():
                    asked.answer.set_result(asked.replies)

    def _queue(self, asked: _Asked) -> deque[_Asked]:
        return self._behind if asked.behind else self._asked

    def _next(self) -> list[tuple[_Asked, Sequence[str]]]:
        """Return whose texts are next and which of them; those that ask for other shots come another time."""
        line = self._asked if any(not asked.answer.done() for asked in self._asked) else self._behind
        batch: list[tuple[_Asked, Sequence[str]]] = []
        n = 0
        while line and n < BATCH:
            if line[0].answer.done():
                line.popleft()
                continue
            if batch and line[0].shots != batch[0][0].shots:
                break
            asked = line.popleft()
            some = asked.left[: BATCH - n]
            batch.append((asked, some))
            n += len(some)
        return batch
