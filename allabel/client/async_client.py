"""The client for programs that do other things meanwhile."""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from types import TracebackType
from typing import Self, overload

from allabel.client import corpus, working
from allabel.client.asking import Options, as_texts, at_least_one, many
from allabel.client.async_sending import AsyncSending
from allabel.client.results import AnnotatedText, Confirmed, Job, Labels, Readiness, Tagged, Text
from allabel.client.retrying import Retries
from allabel.client.sending import Place
from allabel.client.streaming import streaming
from allabel.client.tagging import tagging
from allabel.client.working import Progress


class AsyncClient:
    """Asks a server for entities, in asyncio; may be used by many tasks at once, and in an `async with`.

    url, key: where None, ALLABEL_SERVER_URL and ALLABEL_SERVER_KEY say; without those this machine, and no key.
    timeout_s: without a byte from the server. texts_per_request: of `tag`. retries: None for the usual.
    Every method raises ApiError where the server does not do what was asked, and InputError for what cannot be asked.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        retries: Retries | None = None,
        timeout_s: float = 90.0,
        texts_per_request: int = 64,
    ) -> None:
        self._place, self._retries = Place.of(url, key), retries or Retries()
        self._most = at_least_one("texts_per_request", texts_per_request)
        self._sending = AsyncSending(self._place, timeout_s)
        self.jobs = AsyncJobs(self._sending, self._retries)

    def __repr__(self) -> str:
        return self._place.told("AsyncClient")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._sending.aclose()

    @overload
    async def tag(  # type: ignore[overload-overlap]  # a string is iterable too, and is one text here
        self,
        texts: str | Text,
        *,
        labels: Sequence[str] | None = None,
        backend: str | None = None,
        shots: int | None = None,
        threshold: float | None = None,
    ) -> Tagged: ...

    @overload
    async def tag(
        self,
        texts: Iterable[str | Text],
        *,
        labels: Sequence[str] | None = None,
        backend: str | None = None,
        shots: int | None = None,
        threshold: float | None = None,
    ) -> list[Tagged]: ...

    async def tag(
        self,
        texts: str | Text | Iterable[str | Text],
        *,
        labels: Sequence[str] | None = None,
        backend: str | None = None,
        shots: int | None = None,
        threshold: float | None = None,
    ) -> Tagged | list[Tagged]:
        """Tag one text, or many in order; look at each one's `ok`.

        labels: entities of these alone. backend: which annotator. shots: demonstrations a text. threshold: entities
        with a score below it are left out. What is None is as the server is set up.
        """
        options, alone = Options(labels, backend, shots, threshold), isinstance(texts, str | Text)
        given = as_texts([texts] if isinstance(texts, str | Text) else texts)
        found = await self._sending.run(tagging(given, options, self._retries, self._most))
        return found[0] if alone else found

    def stream(
        self,
        texts: Iterable[str | Text] | AsyncIterable[str | Text],
        *,
        labels: Sequence[str] | None = None,
        backend: str | None = None,
        shots: int | None = None,
        threshold: float | None = None,
        at_once: int = 128,
    ) -> AsyncIterator[Tagged]:
        """Yield each text's result as it is done, for any number of texts in bounded memory; `place` says which it is.

        `at_once` texts go in a request, and two requests are under way. A text that the server refuses is `failed`,
        and the others go on; what a broken connection loses is sent again. The options are those of `tag`.
        Whoever leaves before the end does so in `async with contextlib.aclosing(…)`, which leaves the server in peace.
        """
        options = Options(labels, backend, shots, threshold)
        return self._sending.each(streaming(options, self._retries, at_least_one("at_once", at_once)), many(texts))

    async def labels(self) -> Labels:
        """Return the label schema, the backends that may be named, and what a request may hold."""
        return await self._sending.run(corpus.labels(self._retries))

    async def demonstrations(self, near: str | None = None, limit: int | None = None) -> list[AnnotatedText]:
        """Return annotated texts: all of them, or at most `limit`. near: those most like a text, best first."""
        return await self._sending.run(corpus.demonstrations(near, limit, self._retries))

    async def annotate(self, documents: Iterable[AnnotatedText], *, idempotency_key: str | None = None) -> Confirmed:
        """Keep texts that a person annotated, all of them or none; they are demonstrations when this returns.

        idempotency_key: the same key again keeps nothing twice; without one each call has its own, over all its tries.
        """
        return await self._sending.run(corpus.annotating(documents, idempotency_key, self._retries))

    async def ready(self, wait_s: float = 0.0) -> Readiness:
        """Tell whether texts can be tagged, and what is waited for; waits for it up to so many seconds."""
        return await self._sending.run(corpus.readying(wait_s))


class AsyncJobs:
    """Large amounts, which the server keeps and tags when nobody else waits."""

    def __init__(self, sending: AsyncSending, retries: Retries) -> None:
        self._sending, self._retries = sending, retries

    async def submit(
        self,
        texts: Iterable[str | Text],
        *,
        labels: Sequence[str] | None = None,
        backend: str | None = None,
        shots: int | None = None,
        threshold: float | None = None,
    ) -> Job:
        """Hand in texts; when this returns the server has them for good. The options are those of `Client.tag`."""
        options = Options(labels, backend, shots, threshold)
        return await self._sending.run(working.submitting(as_texts(texts), options, self._retries))

    async def get(self, job: Job | str) -> Job:
        """Return a job as it stands now."""
        return await self._sending.run(working.looking(job, self._retries))

    async def all(self) -> list[Job]:
        """Return the jobs of this key, newest first, a hundred at most."""
        return await self._sending.run(working.listing(self._retries))

    async def wait(self, job: Job | str, progress: Progress | None = None, timeout_s: float | None = None) -> Job:
        """Return a job when it is over. progress: called with the job each time it has come on.

        Raises WaitError after so many seconds; the job goes on.
        """
        return await self._sending.run(working.waiting(job, progress, timeout_s, self._retries))

    def result(self, job: Job | str, *, partial: bool = False) -> AsyncIterator[Tagged]:
        """Yield the texts of a job that is done, in order. partial: what there is of one that is not, too."""
        return self._sending.each(working.results(job, partial, self._retries), ())

    async def cancel(self, job: Job | str) -> Job:
        """Let no more of a job be tagged; one that is over stays as it is."""
        return await self._sending.run(working.looking(job, self._retries, "DELETE"))
