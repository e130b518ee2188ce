"""Steps performed with httpx, waiting for each."""

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from allabel.client.results import Tagged, Text
from allabel.client.sending import Place, broken, request, sync_http
from allabel.client.steps import END, Answer, Close, Emit, Open, Pause, Pull, Read, Send, Step, Steps, following

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")


class Sending:
    """Performs steps with httpx, and waits for each."""

    def __init__(self, place: Place, timeout_s: float) -> None:
        self._place, self._http = place, sync_http(place, timeout_s)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def run(self, steps: Steps[T]) -> T:
        """Perform steps that emit nothing; gives what they come to."""
        try:
            step = next(steps)
            while True:
                step = steps.send(self._do(step))
        except StopIteration as end:
            value: T = end.value
            return value

    def each(self, steps: Steps[None], texts: Iterable[str | Text]) -> Iterator[Tagged]:
        """Perform steps; yields what they emit, and leaves no stream open whenever the caller leaves."""
        source, streams = iter(texts), list["_Stream"]()
        try:
            step = next(steps, None)
            while step is not None:
                got: Any = None
                if isinstance(step, Emit):
                    yield step.result
                elif isinstance(step, Pull):
                    got = next(source, END)
                else:
                    got = self._do(step)
                    if isinstance(step, Open) and isinstance(got, Answer) and got.stream is not None:
                        streams.append(got.stream)
                    elif isinstance(step, Close):
                        streams.remove(step.stream)
                step = following(steps, got)
        finally:
            for stream in streams:
                stream.response.close()

    def _do(self, step: Step) -> Any:
        import httpx

        try:
            if isinstance(step, Send | Open):
                response = self._http.send(request(self._http, step), stream=True)
                if isinstance(step, Open) and response.is_success:
                    return Answer(response.status_code, response.headers, stream=_Stream(response))
                return Answer(response.status_code, response.headers, self._body(response))
            if isinstance(step, Read):
                return next(step.stream.chunks, None)
            if isinstance(step, Close):
                step.stream.response.close()
        except (httpx.HTTPError, httpx.StreamError) as error:
            return broken(error, self._place)
        if isinstance(step, Pause):
            time.sleep(step.seconds)
        return None

    def _body(self, response: "httpx.Response") -> bytes:
        try:
            body = response.read()
        finally:
            response.close()
        return body if response.is_success else self._place.hidden(body)


class _Stream:
    def __init__(self, response: "httpx.Response") -> None:
        self.response, self.chunks = response, response.iter_bytes()
