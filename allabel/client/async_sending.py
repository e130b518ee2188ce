"""Steps performed with httpx in asyncio, while others work."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from allabel.client.results import Tagged, Text
from allabel.client.sending import Place, async_http, broken, request
from allabel.client.steps import END, Answer, Close, Emit, Open, Pause, Pull, Read, Send, Step, Steps, following

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")


class AsyncSending:
    """Performs steps with httpx, and lets others work meanwhile."""

    def __init__(self, place: Place, timeout_s: float) -> None:
        self._place, self._http = place, async_http(place, timeout_s)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def run(self, steps: Steps[T]) -> T:
        """Perform steps that emit nothing; gives what they come to."""
        try:
            step = next(steps)
            while True:
                step = steps.send(await self._do(step))
        except StopIteration as end:
            value: T = end.value
            return value

    async def each(
        self, steps: Steps[None], texts: Iterable[str | Text] | AsyncIterable[str | Text]
    ) -> AsyncIterator[Tagged]:
        """Perform steps; yields what they emit, and leaves no stream open whenever the caller leaves."""
        source, streams = _source(texts), list["_Stream"]()
        try:
            step = next(steps, None)
            while step is not None:
                got: Any = None
                if isinstance(step, Emit):
                    yield step.result
                elif isinstance(step, Pull):
                    got = await anext(source, END)
                else:
                    got = await self._do(step)
                    if isinstance(step, Open) and isinstance(got, Answer) and got.stream is not None:
                        streams.append(got.stream)
                    elif isinstance(step, Close):
                        streams.remove(step.stream)
                step = following(steps, got)
        finally:
            for stream in streams:
                await stream.response.aclose()

    async def _do(self, step: Step) -> Any:
        import httpx

        try:
            if isinstance(step, Send | Open):
                response = await self._http.send(request(self._http, step), stream=True)
                if isinstance(step, Open) and response.is_success:
                    return Answer(response.status_code, response.headers, stream=_Stream(response))
                return Answer(response.status_code, response.headers, await self._body(response))
            if isinstance(step, Read):
                return await anext(step.stream.chunks, None)
            if isinstance(step, Close):
                await step.stream.response.aclose()
        except (httpx.HTTPError, httpx.StreamError) as error:
            return broken(error, self._place)
        if isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
        return None

    async def _body(self, response: "httpx.Response") -> bytes:
        try:
            body = await response.aread()
        finally:
            await response.aclose()
        return body if response.is_success else self._place.hidden(body)


class _Stream:
    def __init__(self, response: "httpx.Response") -> None:
        self.response, self.chunks = response, response.aiter_bytes()


async def _source(texts: Iterable[str | Text] | AsyncIterable[str | Text]) -> AsyncIterator[str | Text]:
    if isinstance(texts, AsyncIterable):
        async for text in texts:
            yield text
    else:
        for text in texts:
            yield text
