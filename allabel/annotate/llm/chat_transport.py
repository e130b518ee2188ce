"""Requests to any OpenAI-compatible server: many at once, retried by cause, each answered once."""

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from allabel.annotate.canary import Binding, contact, explained, no_server, shown_url
from allabel.annotate.llm.asking import Asking
from allabel.annotate.llm.base import Answer, Check, Request, nothing_wrong
from allabel.annotate.llm.gate import Gate
from allabel.annotate.llm.pace import Pace
from allabel.annotate.llm.retry import Cause, Policy, cause_of, retry_after
from allabel.annotate.llm.structured import DEGRADED, Structured, binding
from allabel.annotate.llm.tally import Tally
from allabel.errors import ServerError

if TYPE_CHECKING:
    from openai import AsyncOpenAI


class ChatTransport:
    """Sends chat completions to a server, `concurrency` at a time, and hands the answers over as they come.

    api_key: OPENAI_API_KEY of the environment by default, "EMPTY" where there is none. structured: how the server is
    bound to a request's JSON schema. timeout_s: from a request's first byte to its answer's last, however they drip.
    tally: counts over every `send`, and holds the run's limits. tell: hears, once, what a person should know.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        *,
        api_key: str | None = None,
        structured: Structured = "response_format",
        concurrency: int = 8,
        timeout_s: float = 120.0,
        max_output_tokens: int = 1024,
        temperature: float = 0.0,
        seed: int = 0,
        policy: Policy | None = None,
        pace: Pace | None = None,
        tally: Tally | None = None,
        rng: np.random.Generator | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        if concurrency < 1 or not timeout_s > 0:
            raise ValueError(f"concurrency {concurrency} must be at least 1 and timeout_s {timeout_s} above 0")
        self._base_url, self._model, self._structured = base_url, model, structured
        self._api_key = api_key or os.environ.get("OPENAI_API_KEY") or "EMPTY"
        self._concurrency, self._timeout_s = concurrency, timeout_s
        self._sampling = {
            "temperature": temperature,
            "seed": seed,
            "max_tokens": max_output_tokens,
            "logprobs": True,
        }
        self._policy, self._rng = policy or Policy(), rng or np.random.default_rng(0)
        self.tally = tally or Tally()
        self._gate = Gate(self.tally, pace or Pace(), max_output_tokens)
        self._proven: set[bool] = set()
        self._tell = tell

    def __repr__(self) -> str:
        return f"ChatTransport(model={self._model!r}, structured={self._structured!r})"

    @property
    def model(self) -> str:
        """The model's name, as the server knows it."""
        return self._model

    @property
    def identity(self) -> dict[str, Any]:
        """What of this transport decides an answer, for the cache key.

        The address is part of it: the same name at another server may be another model, and a wrong answer from the
        cache costs more than a request. A slash at its end makes no other server.
        """
        return {
            "transport": "chat",
            "model": self._model,
            "base_url": shown_url(self._base_url).rstrip("/"),
            "structured": self._structured,
            **self._sampling,
        }

    @property
    def stopped(self) -> str:
        """Say why requests were left unsent: a limit reached, or a server that fell silent. "" while none were."""
        return self._gate.stopped

    def report(self) -> str:
        """Say in one line what was asked and what it took; "" while nothing was."""
        return self.tally.in_words() if self._proven else ""

    def send(
        self, requests: Sequence[Request], got: Callable[[int, Answer], None], check: Check = nothing_wrong
    ) -> None:
        """Do what `Transport.send` says, `concurrency` requests at a time.

        The first call proves the server with one request more, which counts against a limit of requests.
        Not to be called from a running event loop.
        """
        if len(requests):
            asyncio.run(self._send(requests, got, check))

    async def _send(self, requests: Sequence[Request], got: Callable[[int, Answer], None], check: Check) -> None:
        from openai import AsyncOpenAI

        # One more second than our own deadline, which is the one that counts.
        async with AsyncOpenAI(
            base_url=self._base_url, api_key=self._api_key, timeout=self._timeout_s + 1, max_retries=0
        ) as client:
            await self._prove(client, bound=requests[0].json_schema is not None)
            self._gate.open()
            asking = Asking(
                client,
                {**self._sampling, "model": self._model},
                bind=binding(self._structured),
                timeout_s=self._timeout_s,
                gate=self._gate,
                policy=self._policy,
                rng=self._rng,
                check=check,
            )
            line = iter(range(len(requests)))

            async def work(line: Iterator[int]) -> None:
                for i in line:
                    answer = await asking.answer(i, requests[i])
                    # Nothing awaits between the answer and its handing over: no interruption comes between.
                    self.tally.answered(answer)
                    got(i, answer)

            await _all([work(line) for _ in range(min(self._concurrency, len(requests)))])

    async def _prove(self, client: "AsyncOpenAI", *, bound: bool) -> None:
        if bound in self._proven or self.tally.reached:
            return
        bind = binding(self._structured) if bound else None
        if bound and bind is None:
            self._tell(DEGRADED)
        await self._first_contact(client, bind)
        self._proven.add(bound)

    async def _first_contact(self, client: "AsyncOpenAI", bind: Binding | None) -> None:
        from openai import APIError, APIStatusError, APITimeoutError

        n_before = 0
        while True:
            error: APIError
            self.tally.n_proofs += 1
            try:
                async with asyncio.timeout(self._timeout_s):
                    return await contact(client, self._model, self._sampling, bind, self._structured)
            except TimeoutError:
                silent = f"no whole answer in {self._timeout_s:g} s"
                raise ServerError(no_server(client, silent)) from None
            except APIError as caught:
                error = caught
            cause, headers = cause_of(error), error.response.headers if isinstance(error, APIStatusError) else {}
            wait_s = self._policy.wait_s(cause, n_before, retry_after(headers), self._rng)
            # Where nothing listens at all, the address is better mended than waited for.
            worth = cause is not Cause.AWAY and not isinstance(error, APITimeoutError) and not self.tally.reached
            if not worth or not self._policy.allows(cause, n_before) or wait_s > self._policy.patience_s:
                # Without the cause: its request holds the key.
                raise await explained(error, client, self._model) from None
            n_before += 1
            await asyncio.sleep(wait_s)


async def _all(work: Sequence[Any]) -> None:
    """Await all of it; the first error, or an interruption, ends the rest and is raised."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)
