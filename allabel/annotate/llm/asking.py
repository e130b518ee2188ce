"""One request until it is answered: sent, retried by cause, asked once more where the answer is malformed."""

import asyncio
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jinja2 import Environment, StrictUndefined, Template

from allabel.annotate.canary import Binding, words
from allabel.annotate.llm.base import Answer, Check, Request
from allabel.annotate.llm.completion import CompletionError, read
from allabel.annotate.llm.gate import Gate
from allabel.annotate.llm.retry import Cause, Policy, cause_of
from allabel.annotate.llm.tally import Estimate, output_estimate, prompt_estimate
from allabel.annotate.llm.template_marks import as_text
from allabel.discreet import unquoted
from allabel.reply import Status
from allabel.retry_after import retry_after_s

if TYPE_CHECKING:
    from openai import APIError, AsyncOpenAI

_AGAIN = Path(__file__).parents[1] / "prompts" / "again.jinja"


@dataclass(slots=True)
class Course:
    """How far a request has come: when it was first sent, how often, and what was spent."""

    began: float | None = None
    n_attempts: int = 0
    n_prompt_tokens: int = 0
    n_output_tokens: int = 0

    def closed(self, answer: Answer) -> Answer:
        """Return the answer with what the whole course took."""
        return replace(
            answer,
            n_attempts=self.n_attempts,
            n_prompt_tokens=self.n_prompt_tokens,
            n_output_tokens=self.n_output_tokens,
            latency_s=0.0 if self.began is None else time.monotonic() - self.began,
        )


class Asking:
    """Asks over one client, within one event loop. fields: what every request carries."""

    def __init__(
        self,
        client: "AsyncOpenAI",
        fields: Mapping[str, Any],
        *,
        bind: Binding | None,
        timeout_s: float,
        gate: Gate,
        policy: Policy,
        rng: np.random.Generator,
        check: Check,
    ) -> None:
        self._completions = client.chat.completions.with_raw_response
        self._api_key = client.api_key
        self._fields, self._bind, self._timeout_s = dict(fields), bind, timeout_s
        self._gate, self._policy, self._rng, self._check = gate, policy, rng, check

    async def answer(self, i: int, request: Request) -> Answer:
        """Return the request's answer; whatever goes wrong is in it."""
        course = Course()
        answer = await self._tried(request, course)
        if problem := self._problem(i, answer):
            second = await self._tried(again_request(request, answer.content, problem), course)
            if second.status is Status.FAILED:
                # Not `unparseable`: that is for what the model said twice, and is not asked again by a rerun.
                second = replace(second, content=answer.content, error=f"{problem}; asked again, {second.error}")
            elif problem := self._problem(i, second):
                second = replace(second, status=Status.UNPARSEABLE, error=problem)
            answer = second
        return course.closed(answer)

    def _problem(self, i: int, answer: Answer) -> str:
        if answer.status is not Status.OK:
            return ""
        return self._check(i, answer) if answer.content.strip() else "the reply is empty"

    async def _tried(self, request: Request, course: Course) -> Answer:
        body = {**self._fields, "messages": [dict(message) for message in request.messages]}
        if self._bind and request.json_schema is not None:
            bound = self._bind("entities", request.json_schema)
            body |= bound.pop("extra_body", {}) | bound
        n_prompt_tokens = prompt_estimate(request)
        retries: dict[Cause, int] = {}
        while True:
            reckoned = await self._gate.out(n_prompt_tokens)
            if reckoned is None:
                return Answer(Status.FAILED, error=f"not sent: {self._gate.stopped}")
            course.began = time.monotonic() if course.began is None else course.began
            course.n_attempts += 1
            answer, cause, asked_s = await self._once(body, reckoned)
            if answer.status is not Status.FAILED:
                course.n_prompt_tokens += answer.n_prompt_tokens
                course.n_output_tokens += answer.n_output_tokens
                return answer
            n_before = retries.get(cause, 0)
            if cause is Cause.FINAL or not self._policy.allows(cause, n_before):
                return replace(answer, error=f"the request failed, sent {course.n_attempts} times: {answer.error}")
            retries[cause] = n_before + 1
            wait_s = self._policy.wait_s(cause, n_before, asked_s, self._rng)
            if self._gate.silent_s() + wait_s > self._policy.patience_s:
                self._gate.stop(f"the server gave no answer for {self._policy.patience_s:g} s, last: {answer.error}")
            elif asked_s:
                self._gate.hold(asked_s)
            if not self._gate.stopped:
                await asyncio.sleep(wait_s)

    async def _once(self, body: Mapping[str, Any], reckoned: Estimate) -> tuple[Answer, Cause, float | None]:
        """Send once. Returns the answer; where it is `failed`, also the cause and what Retry-After says."""
        from openai import APIError, APIStatusError

        used = (0, 0)
        try:
            async with asyncio.timeout(self._timeout_s):
                # All of it as `extra_body`: the client walks through what it knows, turn by turn, and that alone
                # takes more than everything else together.
                response = await self._completions.create(model=body["model"], messages=[], extra_body=body)
            answer = read(response.content, self._fields["max_tokens"])
            # A server that does not say what it took has taken the prompt as reckoned, and the answer as it came.
            used = (
                answer.n_prompt_tokens or reckoned.n_prompt_tokens,
                answer.n_output_tokens or output_estimate(answer),
            )
            self._gate.heard()
            return answer, Cause.FINAL, None
        except CompletionError as error:
            return Answer(Status.FAILED, error=str(error), fault="no completion"), Cause.TRANSIENT, None
        except TimeoutError as error:
            late = f"no whole answer in {self._timeout_s:g} s"
            return Answer(Status.FAILED, error=late, fault=late), cause_of(error), None
        except APIStatusError as error:
            asked_s = retry_after_s(error.response.headers)
            failed = Answer(Status.FAILED, error=self._words(error, body), fault=f"status {error.status_code}")
            return failed, cause_of(error), asked_s
        except APIError as error:
            kind = type(error.__cause__ or error).__name__
            broken = f"{self._words(error, body)} ({kind})"
            return Answer(Status.FAILED, error=broken, fault=kind), cause_of(error), None
        except UnicodeEncodeError:
            return Answer(Status.FAILED, error="the text holds half a surrogate pair"), Cause.FINAL, None
        finally:
            self._gate.back(reckoned, *used)

    def _words(self, error: "APIError", body: Mapping[str, Any]) -> str:
        # Many servers repeat what they cannot read, and this stands in logs, on terminals and in the store.
        asked = [str(message["content"]) for message in body["messages"] if message["role"] == "user"]
        return unquoted(words(error, self._api_key), asked)


def again_request(request: Request, content: str, problem: str) -> Request:
    """Return the request to ask once more, with the answer and what is wrong with it as turns of the conversation."""
    if not content.strip():
        # Nothing was said that could be shown: many servers refuse an empty turn.
        return request
    shown = _template().render(problem=problem).strip()
    # What the model said holds what it copied, the marks of chat templates too.
    turns = ({"role": "assistant", "content": as_text(content)}, {"role": "user", "content": as_text(shown)})
    return replace(request, messages=(*request.messages, *turns))


@cache
def _template() -> Template:
    written = re.sub(r"\A\{#.*?#\}\n", "", _AGAIN.read_text(encoding="utf-8"))
    return Environment(undefined=StrictUndefined, autoescape=False).from_string(written)  # noqa: S701  a plain prompt  # nosec B701
