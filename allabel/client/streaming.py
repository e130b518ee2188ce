"""A stream without end in bounded memory: a part of it in each request, the next on its way while one is read."""

from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from allabel.client import asking, reading
from allabel.client.asking import Options, as_text
from allabel.client.errors import PASSING, ApiError, Failure
from allabel.client.lines import Opened
from allabel.client.reading import Json
from allabel.client.results import Tagged, Text
from allabel.client.retrying import Retries
from allabel.client.steps import END, Call, Pull, Steps
from allabel.client.tagging import CHARACTERS
from allabel.reply import Status

# Requests under way: one that is read, and one whose texts the server tags meanwhile.
AHEAD = 2


def streaming(options: Options, retries: Retries, at_once: int) -> Steps[None]:
    """Emit a result for each text that is pulled, in order of completion within parts of `at_once` texts.

    HTTP clients send a body whole before they read, and proxies pass it on whole: so a stream is cut into parts.
    """
    n_pulled, ended, under_way = 0, False, deque[Opened]()
    while True:
        while not ended and len(under_way) < AHEAD:
            texts, ended = yield from _pulled(at_once, n_pulled)
            if texts:
                opened = Opened(_Part(texts, n_pulled, options))
                n_pulled += len(texts)
                yield from opened.open()
                under_way.append(opened)
        if not under_way:
            return
        yield from under_way.popleft().read(retries)


def _pulled(n: int, place: int) -> Steps[tuple[list[Text], bool]]:
    """Return up to n texts, fewer where they are long, and whether those were the last."""
    texts: list[Text] = []
    n_characters = 0
    while len(texts) < n and n_characters < CHARACTERS:
        one = yield Pull()
        if one is END:
            return texts, True
        texts.append(as_text(one, place + len(texts)))
        n_characters += len(texts[-1].text)
    return texts, False


class _Part:
    """Some texts of a stream, the first of which stands at `place`."""

    def __init__(self, texts: list[Text], place: int, options: Options) -> None:
        self._left, self._options = dict(enumerate(texts, start=place)), options
        self._refused: dict[int, ApiError] = {}
        self._sent: list[int] = []

    def call(self) -> Call:
        self._sent, self._refused = list(self._left), {}
        return asking.stream(self._left.values(), self._options)

    def take(self, line: bytes) -> Tagged | None:
        return reading.read(line, self._take)

    def missing(self) -> Failure | None:
        if not self._left:
            return None
        longest = max(self._refused.values(), key=lambda one: one.retry_after_s or 0.0, default=None)
        told = longest or ApiError(f"the stream ended with {len(self._left)} texts to go", remedy="send them again")
        return Failure(told, again=True)

    def given_up(self, error: ApiError) -> Iterable[Tagged]:
        refused = self._refused
        if self._left.keys() - refused.keys() or any(one.status in {429, 503} for one in refused.values()):
            raise error
        return [_failed(self._left[place], place, told.detail) for place, told in refused.items()]

    def _take(self, data: Json) -> Tagged | None:
        if "problem" in data:
            if not 1 <= data["line"] <= len(self._sent):
                raise ValueError("has a line that was not sent")
            return self._problem(self._sent[data["line"] - 1], data["problem"])
        result = reading.tagged(data, -1)
        # Those with the same id and text are all alike but for their meta.
        alike = [n for n, one in self._left.items() if one.text == result.text and one.id in {result.id, None}]
        if not alike:
            raise ValueError("has a text that was not sent, or was answered before")
        place = min(alike, key=lambda n: (self._left[n].id is None, dict(self._left[n].meta) != dict(result.meta)))
        del self._left[place]
        return replace(result, place=place)

    def _problem(self, place: int, problem: Json) -> Tagged | None:
        after_s = problem.get("retry_after_s")
        error = ApiError(
            problem["detail"],
            status=problem["status"],
            remedy=problem.get("remedy", ""),
            retry_after_s=None if after_s is None else float(after_s),
        )
        if error.status in PASSING:
            self._refused[place] = error
            return None
        return _failed(self._left.pop(place), place, error.detail)


def _failed(text: Text, place: int, why: str) -> Tagged:
    return Tagged(place, text.id or "", text.text, Status.FAILED, error=why, meta=text.meta)
