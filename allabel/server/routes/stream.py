"""A stream of texts, each answered as it is done: lines of JSON in, lines of JSON out, at the same time."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from allabel.errors import AllabelError
from allabel.server.callers import Tagging
from allabel.server.problems import ProblemError, as_json
from allabel.server.routes.tag import NDJSON, USUAL, ServiceOf, left
from allabel.server.service import Service
from allabel.server.wire import Options, TextIn

# Lines of one stream under way at once.
AT_ONCE = 64
logger = logging.getLogger(__name__)
router = APIRouter(tags=["tagging"])


def options_of(
    labels: Annotated[list[str] | None, Query(min_length=1, max_length=1000)] = None,
    backend: Annotated[str | None, Query(max_length=100)] = None,
    shots: Annotated[int | None, Query(ge=0, le=100)] = None,
    threshold: Annotated[float | None, Query(ge=0, le=1, allow_inf_nan=False)] = None,
) -> Options:
    """Read the options from the address, for the body is lines of texts."""
    return Options(labels=labels, backend=backend, shots=shots, threshold=threshold)


LINES = {
    "requestBody": {
        "required": True,
        "content": {
            NDJSON: {
                "schema": {"type": "string"},
                "example": '{"id": "a1", "text": "NaCl in water"}\n{"id": "a2", "text": "Heat TiO2."}\n',
            }
        },
    }
}


class Answers(Response):
    """Sends chunks as they come, and leaves the request's body to whoever makes them.

    Starlette's own streaming response reads the request to notice when the caller leaves, and would swallow its lines.
    """

    media_type = NDJSON

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        super().__init__()
        del self.headers["content-length"]
        self._chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for chunk in self._chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


@router.post(
    "/v1/tag/stream",
    status_code=200,
    responses=USUAL | {200: {"content": {NDJSON: {"schema": {"type": "string"}}}, "description": "Lines"}},
    openapi_extra=LINES,
    response_class=Answers,
)
async def stream(
    request: Request, caller: Tagging, service: ServiceOf, options: Annotated[Options, Depends(options_of)]
) -> Response:
    """Tag the texts of a stream, a JSON object a line, and answer each as it is done, in any order.

    Each line is `{"id": …, "text": …, "meta": …}`. The answer's lines are those of `/v1/tag`; one that cannot be read
    or tagged is answered by its number in `line` and a `problem`, and the others go on. So is the line at which the
    body became too large, after which nothing is read.
    """
    service.engine(options.backend)
    service.check([], options)

    def counted() -> None:
        request.app.state.callers.rates.texts(caller.id, 1)

    return Answers(_Stream(request, service, options, counted).answers())


class _Stream:
    """One stream under way."""

    def __init__(self, request: Request, service: Service, options: Options, counted: Callable[[], None]) -> None:
        self._request, self._service, self._options, self._counted = request, service, options, counted
        self._places = asyncio.Semaphore(AT_ONCE)
        self._done: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def answers(self) -> AsyncIterator[bytes]:
        """Yield an answer a text as each is done; ends when the caller leaves, and what is under way with it."""
        reading = asyncio.create_task(self._read())
        try:
            while (answer := await self._done.get()) is not None:
                yield answer
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _read(self) -> None:
        tasks: set[asyncio.Task[None]] = set()
        n = 0
        try:
            async for n, line in _lines(self._request):
                # All of the body is read, however slowly answers are: many clients send all before they read.
                await self._places.acquire()
                task = asyncio.create_task(self._one(n, line))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            leaving = asyncio.create_task(left(self._request))
            everything = asyncio.create_task(_all(tasks))
            await asyncio.wait({leaving, everything}, return_when=asyncio.FIRST_COMPLETED)
            leaving.cancel()
        except ClientDisconnect:
            pass
        except HTTPException as error:  # the body is too large; what came before it is answered first
            await asyncio.gather(*tasks, return_exceptions=True)
            told = ProblemError(error.status_code, str(error.detail), remedy="send less at once")
            self._done.put_nowait(_line({"line": n + 1, "problem": as_json(told)}))
        finally:
            for task in tasks:
                task.cancel()
            self._done.put_nowait(None)

    async def _one(self, n: int, line: bytes) -> None:
        answer: dict[str, Any]
        try:
            text = TextIn.model_validate_json(line)
            self._counted()
            (answer,) = await self._service.tag([text], self._options)
        except ValidationError as error:
            first = error.errors()[0]
            where = "/".join(map(str, first["loc"]))
            told = ProblemError(422, f"{where}: {first['msg']}".removeprefix(": "))
            answer = {"line": n, "problem": as_json(told)}
        except AllabelError as error:
            answer = {"line": n, "problem": as_json(error)}
        except Exception as error:
            logger.exception("line %d of a stream failed", n)
            told = ProblemError(500, f"see the server's log: {type(error).__name__}")
            answer = {"line": n, "problem": as_json(told)}
        finally:
            self._places.release()
        self._done.put_nowait(_line(answer))


def _line(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer).encode() + b"\n"


async def _all(tasks: set[asyncio.Task[None]]) -> None:
    await asyncio.gather(*tasks)


async def _lines(request: Request) -> AsyncIterator[tuple[int, bytes]]:
    """Yield the body's lines as they come, with their numbers from 1; blank ones are passed over."""
    rest, n = b"", 0
    async for chunk in request.stream():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            n += 1
            if line.strip():
                yield n, line
    if rest.strip():
        yield n + 1, rest
