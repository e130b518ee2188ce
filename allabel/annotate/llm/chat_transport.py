"""Requests to any OpenAI-compatible server: many at once, retried by cause, each answered once."""

import asyncio
import copy
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from allabel.annotate.canary import Binding, contact, explained, no_server, shown_url
from allabel.annotate.llm.asking import Asking
from allabel.annotate.llm.base import Answer, Check, Request, nothing_wrong
from allabel.annotate.llm.pace import Pace
from allabel.annotate.llm.retry import Cause, Policy, cause_of
from allabel.annotate.llm.several_servers import ASIDE_S, Line, Server, ServerGate, addresses, told_apart
from allabel.annotate.llm.structured import DEGRADED, Structured, binding
from allabel.annotate.llm.tally import Tally
from allabel.errors import ServerError
from allabel.reply import Status
from allabel.retry_after import retry_after_s

if TYPE_CHECKING:
    from openai import AsyncOpenAI


class ChatTransport:
    """Sends chat completions to a server, `concurrency` at a time, and hands the answers over as they come.

    base_url: the server, or several of one model with commas between: each request goes to whichever is free, what one
    fails at is asked of another, and one that falls silent is left aside while others go on.
    api_key: OPENAI_API_KEY of the environment by default, "EMPTY" where there is none. structured: how the server is
    bound to a request's JSON schema. concurrency: at each server. timeout_s: from a request's first byte to its
    answer's last, however they drip. pace: of each server. tally: counts over every `send`, and holds the run's limits.
    tell: hears, once, what a person should know.
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
        self._model, self._structured = model, structured
        self._api_key = api_key or os.environ.get("OPENAI_API_KEY") or "EMPTY"
        self.concurrency, self._timeout_s = concurrency, timeout_s
        self._sampling = {
            "temperature": temperature,
            "seed": seed,
            "max_tokens": max_output_tokens,
            "logprobs": True,
        }
        self._policy, self._rng = policy or Policy(), rng or np.random.default_rng(0)
        self.tally, self._tell, self._unserved = tally or Tally(), tell, ""
        self.aside_s = min(ASIDE_S, self._policy.patience_s)
        self._line = Line(0, 0)
        # Told a server's number; tells whether others go on without it.
        self.leaves: Callable[[int], bool] = self._line.leave
        self.servers = [
            Server(
                n,
                url,
                ServerGate(
                    self.tally, copy.deepcopy(pace or Pace()), max_output_tokens, self.aside_s, partial(self._leave, n)
                ),
            )
            for n, url in enumerate(addresses(base_url) or [base_url])
        ]

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
        cache costs more than a request. A slash at its end makes no other server. Of several servers it is the set:
        which of them answered decides nothing.
        """
        urls = told_apart(server.url for server in self.servers)
        return {
            "transport": "chat",
            "model": self._model,
            "base_url": urls[0] if len(urls) == 1 else urls,
            "structured": self._structured,
            **self._sampling,
        }

    @property
    def stopped(self) -> str:
        """Say why requests were left unsent: a limit reached, or a server that fell silent. "" while none were."""
        reasons = [one.gate.stopped for one in self.servers if not one.gate.is_aside]
        return next(filter(None, reasons), self._unserved)

    def report(self) -> str:
        """Say in one line what was asked and what it took; "" while nothing was."""
        if not any(server.proven for server in self.servers):
            return ""
        shares = [f"{shown_url(server.url)} gave {server.n_answered:,}" for server in self.servers]
        return "; ".join([self.tally.in_words(), *(shares if len(shares) > 1 else [])])

    def send(
        self, requests: Sequence[Request], got: Callable[[int, Answer], None], check: Check = nothing_wrong
    ) -> None:
        """Do what `Transport.send` says, `concurrency` requests at a time.

        The first call proves each server with one request more, which counts against a limit of requests.
        Not to be called from a running event loop.
        """
        if len(requests):
            asyncio.run(self._send(requests, got, check))

    async def _send(self, requests: Sequence[Request], got: Callable[[int, Answer], None], check: Check) -> None:
        self._line, self._unserved = Line(len(requests), len(self.servers)), ""
        self.leaves = self._line.leave
        await _all([self._serve(server, requests, got, check) for server in self.servers])
        for i, answer in self._line.rest():
            unsent = Answer(Status.FAILED, error=f"not sent: {self._unserved}", n_attempts=0)
            self._hand_over(i, answer or unsent, got)

    async def _serve(
        self, server: Server, requests: Sequence[Request], got: Callable[[int, Answer], None], check: Check
    ) -> None:
        """Have one server answer requests of the line until there is none for it."""
        async with self.client(server) as client:
            if not await self._is_there(server, client, bound=requests[0].json_schema is not None):
                return
            server.gate.open()
            asking = self.asking(server, client, check)

            async def work() -> None:
                while (i := await self._line.take(server.number)) is not None:
                    try:
                        answer = await asking.answer(i, requests[i])
                    finally:
                        self.nudge()
                    failed = answer.status is Status.FAILED and not self.tally.reached
                    if not (failed and self._line.again(i, server.number, answer)):
                        # Nothing awaits between the answer and its handing over: no interruption comes between.
                        self._hand_over(i, answer, got, server)

            await _all([work() for _ in range(min(self.concurrency, len(requests)))])

    def client(self, server: Server) -> "AsyncOpenAI":
        """Return a client of one of the servers, to be closed."""
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient

        return AsyncOpenAI(
            base_url=server.url,
            api_key=self._api_key,
            # One more second than our own deadline, which is the one that counts.
            timeout=self._timeout_s + 1,
            max_retries=0,
            # Texts go to the server that was named, and to none that it names.
            http_client=DefaultAsyncHttpxClient(follow_redirects=False),
        )

    def asking(self, server: Server, client: "AsyncOpenAI", check: Check) -> Asking:
        """Return what asks a server over a client, within the event loop that opened its gate."""
        return Asking(
            client,
            {**self._sampling, "model": self._model},
            bind=binding(self._structured),
            timeout_s=self._timeout_s,
            gate=server.gate,
            policy=self._policy,
            rng=self._rng,
            check=check,
        )

    def _hand_over(
        self, i: int, answer: Answer, got: Callable[[int, Answer], None], server: Server | None = None
    ) -> None:
        got(i, self.settled(answer, server, self._line.answered(i)))

    def settled(self, answer: Answer, server: Server | None, before: Mapping[int, Answer]) -> Answer:
        """Count how a request ended, and return its answer with all attempts.

        server: that gave it, None where it was not sent. before: what came of it at servers, by their number.
        """
        if server is not None and answer.status is not Status.FAILED:
            server.answered()
            for number in before.keys() - {server.number}:
                self.servers[number].failed_where_another_did_not()
        n_before = sum(one.n_attempts for one in before.values() if one is not answer)
        answer = replace(answer, n_attempts=answer.n_attempts + n_before) if n_before else answer
        self.tally.answered(answer)
        return answer

    def nudge(self) -> None:
        """Let those that wait for the budget at any server look again: a request came back, or was given up."""
        for server in self.servers:
            server.gate.nudge()

    def _leave(self, number: int, reason: str) -> bool:
        if not self.leaves(number):
            return False
        self._tell(f"the server {shown_url(self.servers[number].url)} is left aside, and others go on: {reason}")
        return True

    async def _is_there(self, server: Server, client: "AsyncOpenAI", *, bound: bool) -> bool:
        """Prove a server; where others are, one that cannot be is left aside, and none is waited for in vain."""
        proof = asyncio.ensure_future(self.prove(server, client, bound=bound))
        done = asyncio.ensure_future(self._line.done())
        try:
            await asyncio.wait({proof, done}, return_when=asyncio.FIRST_COMPLETED)
            if proof.done():
                proof.result()
            return proof.done()
        except ServerError as error:
            reason = str(error).partition("\n")[0]
            if not self._leave(server.number, reason):
                if self._line.is_whole:
                    raise
                self._unserved = reason
            return False
        finally:
            proof.cancel()
            done.cancel()
            with suppress(asyncio.CancelledError, ServerError):
                await asyncio.gather(proof, done, return_exceptions=True)

    async def prove(self, server: Server, client: "AsyncOpenAI", *, bound: bool) -> None:
        """Prove once that a server answers as it is bound to. Raises ServerError where it does not."""
        if bound in server.proven or self.tally.reached:
            return
        bind = binding(self._structured) if bound else None
        if bound and bind is None and not any(bound in one.proven for one in self.servers):
            self._tell(DEGRADED)
        await self._first_contact(client, bind)
        server.proven.add(bound)

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
            wait_s = self._policy.wait_s(cause, n_before, retry_after_s(headers), self._rng)
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
