"""Requests of many callers to a language model's server, one by one, over connections that stay open."""

import asyncio
import math
import time
from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

from allabel.annotate.llm.base import Answer, Check, Request
from allabel.annotate.llm.chat_transport import ChatTransport
from allabel.annotate.llm.several_servers import Server
from allabel.errors import ServerError
from allabel.reply import Status

if TYPE_CHECKING:
    from openai import AsyncOpenAI


class Session:
    """Asks the servers of a transport for as long as it is open, each at most `concurrency` requests at once.

    Each request goes to the server that has the fewest under way, and to another where that one failed at it. A server
    that is not there, falls silent or fails in a row is left aside while others go on, and proved again every
    `aside_s` seconds in which somebody asks, until it is back. Whoever cancels `answer` ends the request at its server
    too: the connection is closed.
    """

    def __init__(self, transport: ChatTransport) -> None:
        self._transport, self._bound = transport, False
        self._clients: dict[int, AsyncOpenAI] = {}
        self._under_way = [0] * len(transport.servers)
        self._again_at = [math.inf] * len(transport.servers)
        self._proofs: dict[int, asyncio.Task[ServerError | None]] = {}
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._transport.leaves = self._leaves
        self._places = [asyncio.Semaphore(self._transport.concurrency) for _ in self._transport.servers]
        for server in self._transport.servers:
            self._clients[server.number] = await self._open.enter_async_context(self._transport.client(server))
            server.gate.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for proof in self._proofs.values():
            proof.cancel()
        await asyncio.gather(*self._proofs.values(), return_exceptions=True)
        await self._open.aclose()

    async def prove(self, *, bound: bool) -> None:
        """Prove the servers until one answers as it should; others may follow. Raises ServerError where none does."""
        self._bound = bound
        wrong: ServerError | None = None
        for proof in asyncio.as_completed([self._begun(server) for server in self._transport.servers]):
            if (wrong := await proof) is None:
                return
        if wrong is not None:
            raise wrong

    async def answer(self, request: Request, check: Check) -> Answer:
        """Return the request's answer; whatever goes wrong is in it."""
        before: dict[int, Answer] = {}
        left = self._serving()
        while True:
            server = min(left, key=lambda one: self._under_way[one.number])
            answer = before[server.number] = await self._asked(server, request, check)
            left = [one for one in self._serving() if one.number not in before]
            if answer.status is not Status.FAILED or not left or self._transport.tally.reached:
                return self._transport.settled(answer, server, before)

    def _serving(self) -> list[Server]:
        """Return the servers that are proven, all where none is; the others are looked after meanwhile."""
        for server in self._transport.servers:
            if not server.proven and time.monotonic() >= self._again_at[server.number]:
                self._begun(server)
        return [server for server in self._transport.servers if server.proven] or list(self._transport.servers)

    def _leaves(self, number: int) -> bool:
        """Leave a server aside where others are proven; tells whether one is."""
        if not any(server.proven for server in self._transport.servers if server.number != number):
            return False
        self._transport.servers[number].proven.clear()
        self._again_at[number] = time.monotonic() + self._transport.aside_s
        return True

    def _begun(self, server: Server) -> "asyncio.Task[ServerError | None]":
        """Return a server's proof that is under way, begun now where none is."""
        n = server.number
        if n not in self._proofs or self._proofs[n].done():
            self._again_at[n] = math.inf
            self._proofs[n] = asyncio.create_task(self._proved(server))
        return self._proofs[n]

    async def _proved(self, server: Server) -> ServerError | None:
        """Prove a server; returns what is wrong with it, None where nothing is."""
        try:
            await self._transport.prove(server, self._clients[server.number], bound=self._bound)
        except ServerError as error:
            server.gate.leave(str(error).partition("\n")[0])
            return error
        finally:
            self._again_at[server.number] = time.monotonic() + self._transport.aside_s
        server.gate.open()
        return None

    async def _asked(self, server: Server, request: Request, check: Check) -> Answer:
        n = server.number
        if not self._under_way[n] and not server.gate.is_aside:
            # Nobody has asked for a while: the server was not silent, and what stopped others is over.
            server.gate.open()
        self._under_way[n] += 1
        try:
            async with self._places[n]:
                return await self._transport.asking(server, self._clients[n], check).answer(0, request)
        finally:
            self._under_way[n] -= 1
            self._transport.nudge()
