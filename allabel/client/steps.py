"""What a client does, as steps: generators yield them and are sent what came of them; who performs them may be async.

So the sync and the async client share all that decides anything, and differ in how bytes are sent alone.
"""

import random
import secrets
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from allabel.client.errors import Failure, failure, unanswered
from allabel.client.results import Tagged
from allabel.client.retrying import Retries, Tries

T = TypeVar("T")
# No text at all, not even a wrong one such as None.
END = object()


@dataclass(frozen=True, slots=True)
class Call:
    """A request, which may be sent again: doing it twice is the same as doing it once. path: from the address."""

    method: str
    path: str
    body: bytes | None = None
    params: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server answered. body: whole, or b"" where a stream is to be read."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    stream: Any = None

    @property
    def good(self) -> bool:
        """Whether it is what was asked for."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Broken:
    """No answer, or none to its end. again: it is worth another try."""

    detail: str
    again: bool


@dataclass(frozen=True, slots=True)
class Send:
    """Send a call and read the whole answer; gives an Answer or Broken."""

    call: Call
    request_id: str


@dataclass(frozen=True, slots=True)
class Open:
    """Send a call; gives an Answer whose stream is to be read if it is good, or Broken."""

    call: Call
    request_id: str


@dataclass(frozen=True, slots=True)
class Read:
    """Read on; gives bytes, None at the end, or Broken."""

    stream: Any


@dataclass(frozen=True, slots=True)
class Close:
    """Leave a stream."""

    stream: Any


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Pull:
    """Take the caller's next text; gives it, or END."""


@dataclass(frozen=True, slots=True)
class Emit:
    """Give the caller a result."""

    result: Tagged


Step: TypeAlias = Send | Open | Read | Close | Pause | Pull | Emit
Steps: TypeAlias = Generator[Step, Any, T]


def new_id() -> str:
    """Return an id for a request and all of its tries, or a key under which it is done once."""
    return secrets.token_hex(16)


def tries_of(retries: Retries) -> Tries:
    """Return the tries of a request that begins now."""
    return Tries(retries, time.monotonic, random.random)


def asked(call: Call, retries: Retries) -> Steps[Answer]:
    """Send a call until it is answered well. Raises ApiError where it is not."""
    request_id, tries = new_id(), tries_of(retries)
    while True:
        got: Answer | Broken = yield Send(call, request_id)
        if isinstance(got, Answer) and got.good:
            return got
        found = failed(got, request_id)
        wait_s = pause_after(found, tries)
        if wait_s is None:
            raise found.error
        yield Pause(wait_s)


def failed(got: Answer | Broken, request_id: str) -> Failure:
    """Return what went wrong, and whether the call may be sent again."""
    if isinstance(got, Broken):
        return unanswered(got.detail, got.again, request_id)
    return failure(got.status, got.headers, got.body, request_id)


def pause_after(found: Failure, tries: Tries) -> float | None:
    """Return the seconds until the next try; None where there is none."""
    return tries.pause_s(found.error.retry_after_s) if found.again else None


def following(steps: Steps[None], got: object) -> Step | None:
    """Send what came of a step; gives the next one, None where that was the last."""
    try:
        return steps.send(got)
    except StopIteration:
        return None
