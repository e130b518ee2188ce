"""What the server tags with: labels, demonstrations, annotations; and whether it is ready."""

import re
import time
from collections.abc import Iterable

from allabel.client import asking, reading
from allabel.client.errors import ApiError
from allabel.client.results import AnnotatedText, Confirmed, Labels, Readiness
from allabel.client.retrying import Retries
from allabel.client.steps import Answer, Broken, Call, Pause, Send, Steps, asked, failed, new_id
from allabel.errors import InputError

# Demonstrations of one request, the most the server gives.
PAGE = 1000
LOOK_S = 0.5
_KEY = re.compile(r"[!-~]{1,200}")


def labels(retries: Retries) -> Steps[Labels]:
    """Get the label schema."""
    answer = yield from asked(Call("GET", "/v1/labels"), retries)
    return reading.read(answer.body, reading.labels, answer.headers)


def demonstrations(near: str | None, limit: int | None, retries: Retries) -> Steps[list[AnnotatedText]]:
    """Get annotated texts: the first ones, or those nearest to a text, best first. limit: None for all there are."""
    if limit is not None:
        asking.at_least_one("limit", limit)
    found: list[AnnotatedText] = []
    after: int | None = 0
    while after is not None and (limit is None or len(found) < limit):
        n = PAGE if limit is None else min(PAGE, limit - len(found))
        params = (("limit", str(n)), ("near", near) if near is not None else ("after", str(after)))
        answer = yield from asked(Call("GET", "/v1/demonstrations", params=params), retries)
        page, after = reading.read(answer.body, reading.demonstrations, answer.headers)
        found += page
    return found


def annotating(documents: Iterable[AnnotatedText], key: str | None, retries: Retries) -> Steps[Confirmed]:
    """Hand in annotations, all or none; a try that came through unseen is not kept twice. key: None makes one."""
    given = list(documents)
    for n, one in enumerate(given):
        if not isinstance(one, AnnotatedText):
            raise InputError(
                f"document {n} is a {type(one).__name__}",
                remedy="hand in AnnotatedText(text, spans), or tagged.annotated()",
            )
    key = new_id() if key is None else key
    if not _KEY.fullmatch(key):
        raise InputError(f"{key!r} is no idempotency key", remedy="1 to 200 characters of ASCII without blanks")
    answer = yield from asked(asking.annotate(given, key), retries)
    return reading.read(answer.body, reading.confirmed, answer.headers)


def readying(wait_s: float) -> Steps[Readiness]:
    """Ask whether texts can be tagged, again and again for so many seconds; a server that is away is waited for too."""
    until, call, request_id = time.monotonic() + wait_s, Call("GET", "/readyz"), new_id()
    while True:
        got: Answer | Broken = yield Send(call, request_id)
        found = _readiness(got, call, request_id)
        left_s = until - time.monotonic()
        if found or left_s <= 0:
            return found
        yield Pause(min(LOOK_S, left_s))


def _readiness(got: Answer | Broken, call: Call, request_id: str) -> Readiness:
    if isinstance(got, Answer) and (got.good or got.status == 503):
        try:
            return reading.read(got.body, reading.readiness, got.headers)
        except ApiError:
            if got.good:
                raise
    # What stands before the server answers 502 and its own 503 while that is away.
    found = failed(got, request_id)
    if not found.again:
        raise found.error
    return Readiness((f"the server: {found.error.detail}",))
