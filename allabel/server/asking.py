"""A language model behind the server: each text is asked about as it comes, over connections that stay open."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, ExitStack
from typing import Any, TypeVar

from allabel.annotate.base import Demonstration
from allabel.annotate.llm.annotator import LlmAnnotator
from allabel.annotate.llm.batch import Batch
from allabel.annotate.llm.chat_transport import ChatTransport
from allabel.annotate.llm.memory import Asked
from allabel.annotate.llm.session import Session
from allabel.errors import AllabelError
from allabel.reply import Reply, Status
from allabel.server.problems import ProblemError

T = TypeVar("T")
RETRY_S = 5.0
logger = logging.getLogger(__name__)


class AskingEngine:
    """Asks a server about the texts of many callers at once; a caller that leaves has its requests ended there.

    most: texts that may be under way or wait; beyond them callers are sent away for a while. Jobs wait until fewer than
    half of the places at the model are taken. bound: whether answers are bound to a JSON schema.
    """

    def __init__(self, annotator: LlmAnnotator, transport: ChatTransport, most: int, *, bound: bool) -> None:
        self._annotator, self._transport, self._most, self._bound = annotator, transport, most, bound
        self._session = Session(transport)
        self._open, self._kept = AsyncExitStack(), ExitStack()
        self._keep: Callable[[Asked], None] = lambda _: None
        self._proving: asyncio.Task[None] | None = None
        self._problem = "the model's server to answer a first request"
        self._n_texts, self._seconds = 0, 1.0
        self._keeping: set[asyncio.Task[None]] = set()
        self._behind = asyncio.Semaphore(max(1, transport.concurrency // 2))

    @property
    def name(self) -> str:
        """The annotator's own."""
        return self._annotator.name

    @property
    def model(self) -> str:
        """The model's name."""
        return self._annotator.model

    @property
    def waits_for(self) -> str:
        """Say why the model cannot be asked, "" where it can."""
        return self._problem

    async def start(self) -> None:
        """Begin, and prove the model's server; texts can be tagged when that has gone well."""
        await self._open.enter_async_context(self._session)
        self._keep = await asyncio.to_thread(self._kept.enter_context, self._annotator.memory.keeping())
        self._proving = asyncio.create_task(self._prove(), name="allabel-proving")

    async def stop(self) -> None:
        """End; what was answered is kept."""
        if self._proving is not None:
            self._proving.cancel()
            await asyncio.gather(self._proving, return_exceptions=True)
        await asyncio.gather(*self._keeping, return_exceptions=True)
        await asyncio.to_thread(self._kept.close)
        await self._open.aclose()

    async def show(self, demonstrations: Sequence[Demonstration]) -> None:
        """Take these as demonstrations from now on."""
        await asyncio.to_thread(self._annotator.show, demonstrations)

    async def tag(self, texts: Sequence[str], shots: int | None, *, behind: bool = False) -> list[Reply]:
        """Return one reply a text, in order."""
        if behind:
            found = await _all([self._one_behind(text, shots) for text in texts])
            return [reply for replies in found for reply in replies]
        if self._n_texts and self._n_texts + len(texts) > self._most:
            raise ProblemError(
                429,
                f"{self._n_texts:,} texts wait already",
                remedy="send again after the seconds that Retry-After names, or hand large amounts in as a job",
                retry_after_s=self._n_texts / self._transport.concurrency * self._seconds,
            )
        return await self._tagged(texts, shots)

    async def _one_behind(self, text: str, shots: int | None) -> list[Reply]:
        async with self._behind:
            return await self._tagged([text], shots)

    async def _tagged(self, texts: Sequence[str], shots: int | None) -> list[Reply]:
        replies: dict[int, Reply] = {}
        self._n_texts += len(texts)
        try:
            batch, keys = await asyncio.to_thread(self._begun, texts, replies, shots)
            await _all([self._ask(batch, key) for key in keys])
        finally:
            self._n_texts -= len(texts)
        return [replies[i] for i in range(len(texts))]

    def _begun(self, texts: Sequence[str], replies: dict[int, Reply], shots: int | None) -> tuple[Batch, list[str]]:
        batch = self._annotator.begin(texts, replies.__setitem__, shots)
        return batch, self._annotator.recalled(batch)

    async def _ask(self, batch: Batch, key: str) -> None:
        answer = await self._session.answer(batch.request(key), lambda _, answer: batch.check(key, answer))
        self._seconds += 0.1 * (answer.latency_s - self._seconds)
        if answer.n_attempts:
            # Writing may wait for others' writing; who asked does not wait for it.
            keeping = asyncio.create_task(asyncio.to_thread(self._keep, self._annotator.asked(batch, key, answer)))
            self._keeping.add(keeping)
            keeping.add_done_callback(self._kept_one)
        if answer.status is Status.FAILED:
            # Who asked is told all of it: what the model's server says may quote their text.
            logger.warning("a text got no answer: %s", answer.fault or "it was not sent")
        batch.answered(key, answer)

    def _kept_one(self, keeping: "asyncio.Task[None]") -> None:
        self._keeping.discard(keeping)
        if not keeping.cancelled() and (error := keeping.exception()) is not None:
            logger.warning("an answer of the model could not be kept, and will be asked for again: %s", error)

    async def _prove(self) -> None:
        while True:
            try:
                await self._session.prove(bound=self._bound)
                self._problem = ""
                return
            except AllabelError as error:
                first = str(error).partition("\n")[0]
                if first not in self._problem:
                    logger.warning("%s", first)
                self._problem = f"the model's server: {first}"
            await asyncio.sleep(RETRY_S)


async def _all(asked: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Return what each gives, in order; the first that fails ends the others."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in asked]
    except* AllabelError as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]
