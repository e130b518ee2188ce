"""Requests through an engine in this process, in one batch that never stands still: each answered once."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from allabel.annotate.llm.asking import Course, again_request
from allabel.annotate.llm.base import Answer, Check, Request
from allabel.annotate.llm.completion import cut_off
from allabel.annotate.llm.offline_engine import Done, Engine, EngineError, RequestError
from allabel.annotate.llm.tally import Estimate, Tally, Verdict, prompt_estimate
from allabel.reply import Status

# The engine holds so many, more than it runs at once on any GPU: it never waits for us.
AHEAD = 2048
# So many prompts are rendered between two steps: it never waits for all of them.
AT_ONCE = 64


@dataclass(slots=True)
class _Turn:
    """A request on its way. first: the answer that was malformed and what was wrong with it, when asked once more."""

    i: int
    request: Request
    course: Course = field(default_factory=Course)
    reckoned: Estimate = field(default_factory=lambda: Estimate(0, 0, 0))
    first: tuple[Answer, str] | None = None


class Run:
    """Has requests answered by an engine; what it does not take or does not finish has an answer that says so.

    sampling: what every request carries. bound: whether answers are held to their JSON schema. stopped: why nothing
    more is sent, "" while something is.
    """

    def __init__(
        self,
        engine: Engine,
        requests: Sequence[Request],
        got: Callable[[int, Answer], None],
        check: Check,
        *,
        sampling: Mapping[str, Any],
        bound: bool,
        tally: Tally,
    ) -> None:
        self._engine, self._requests, self._got, self._check = engine, requests, got, check
        self._sampling, self._bound, self._tally = sampling, bound, tally
        self._waiting: deque[_Turn] = deque()
        self._under_way: dict[str, _Turn] = {}
        self.stopped = ""
        self.n_cached_tokens = 0

    def go(self, interrupted: Callable[[], bool] = lambda: False) -> None:
        """Answer all. Raises KeyboardInterrupt once `interrupted` says so, after what came was handed over."""
        line = iter(range(len(self._requests)))
        try:
            while self._top_up(line) or self._under_way or self._waiting:
                if interrupted():
                    raise KeyboardInterrupt
                try:
                    done = self._engine.step() if self._under_way else []
                except EngineError as error:
                    if interrupted():  # The engine's own process hears Ctrl-C too, and ends by it.
                        raise KeyboardInterrupt from None
                    self._ended(error)
                    continue
                for one in done:
                    if turn := self._under_way.pop(one.id, None):
                        self._take(turn, one)
            if interrupted():
                raise KeyboardInterrupt
        finally:
            # Not left to the next run; an engine that has ended has forgotten them.
            with suppress(EngineError):
                self._engine.drop(list(self._under_way))

    def _top_up(self, line: Iterator[int]) -> bool:
        """Let requests in, those asked once more first. Returns whether there may be more."""
        for _ in range(AT_ONCE):
            if len(self._under_way) >= AHEAD:
                return True
            if not self._waiting:
                i = next(line, None)
                if i is None:
                    return False
                self._waiting.append(_Turn(i, self._requests[i]))
            if not self._let_in(self._waiting[0]):
                return True
        return True

    def _let_in(self, turn: _Turn) -> bool:
        """Let the first one that waits in, or answer it; returns False where it has to wait for those under way."""
        turn.reckoned = self._tally.estimate(prompt_estimate(turn.request), self._sampling["max_tokens"])
        verdict = Verdict.STOP if self.stopped else self._tally.verdict(turn.reckoned.n_tokens)
        if verdict is Verdict.WAIT:
            return False
        self._waiting.popleft()
        if verdict is Verdict.STOP:
            self.stopped = self.stopped or self._tally.reached
            self._failed(turn, f"not sent: {self.stopped}")
            return True
        turn.course.began = time.monotonic() if turn.course.began is None else turn.course.began
        turn.course.n_attempts += 1
        self._tally.sent(turn.reckoned.n_tokens)
        schema = turn.request.json_schema if self._bound else None
        try:
            self._under_way[self._engine.add(turn.request.messages, self._sampling, schema)] = turn
        except RequestError as error:
            self._tally.came_back(turn.reckoned, 0, 0)
            self._failed(turn, f"the request failed: {error}")
        except EngineError as error:
            self._under_way[f"not taken: {turn.i}"] = turn
            self._ended(error)
        return True

    def _take(self, turn: _Turn, done: Done) -> None:
        self._tally.came_back(turn.reckoned, done.n_prompt_tokens, done.n_output_tokens)
        turn.course.n_prompt_tokens += done.n_prompt_tokens
        turn.course.n_output_tokens += done.n_output_tokens
        self.n_cached_tokens += done.n_cached_tokens
        answer = self._answer(done)
        if answer.status is Status.FAILED:
            self._failed(turn, answer.error)
            return
        problem = ""
        if answer.status is Status.OK:
            problem = self._check(turn.i, answer) if answer.content.strip() else "the reply is empty"
        if problem and turn.first is None:
            again = again_request(turn.request, answer.content, problem)
            self._waiting.appendleft(_Turn(turn.i, again, turn.course, first=(answer, problem)))
            return
        self._hand_over(turn, replace(answer, status=Status.UNPARSEABLE, error=problem) if problem else answer)

    def _answer(self, done: Done) -> Answer:
        if done.finish == "stop":
            return Answer(Status.OK, done.content, "", done.tokens)
        if done.finish == "length":
            return Answer(Status.TRUNCATED, done.content, cut_off(self._sampling["max_tokens"]), done.tokens)
        return Answer(Status.FAILED, error=f"the engine ended the request: {done.finish}")

    def _ended(self, error: EngineError) -> None:
        self.stopped = f"the engine ended: {error}"
        under_way, self._under_way = self._under_way, {}
        for turn in under_way.values():
            self._tally.came_back(turn.reckoned, 0, 0)
            self._failed(turn, f"the request failed: {self.stopped}")

    def _failed(self, turn: _Turn, reason: str) -> None:
        if turn.first is None:
            self._hand_over(turn, Answer(Status.FAILED, error=reason))
            return
        # Not `unparseable`: that is for what the model said twice, and is not asked again by a rerun.
        answer, problem = turn.first
        self._hand_over(turn, Answer(Status.FAILED, answer.content, f"{problem}; asked again, {reason}"))

    def _hand_over(self, turn: _Turn, answer: Answer) -> None:
        answer = turn.course.closed(answer)
        self._tally.answered(answer)
        self._got(turn.i, answer)
