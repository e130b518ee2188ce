"""Requests of many callers to a language model's server, one by one, over connections that stay open."""

import asyncio
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

    Each request goes to the server that has the fewest under way, and to another where that one failed at it. Whoever
    cancels `answer` ends the request at its server too: the connection is closed.
    """

    def __init__(self, transport: ChatTransport) -> None:
        self._transport = transport
        self._clients: dict[int, AsyncOpenAI] = {}
        self._under_way = [0] * len(transport.servers)
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._places = [asyncio.Semaphore(self._transport.concurrency) for _ in self._transport.servers]
        for server in self._transport.servers:
            self._clients[server.number] = await self._open.enter_async_context(self._transport.client(server))
            server.gate.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    async def prove(self, *, bound: bool) -> None:
        """Prove the servers. Raises ServerError where none answers as it should."""
        wrong: ServerError | None = None
        for server in self._transport.servers:
            try:
                await self._transport.prove(server, self._clients[server.number], bound=bound)
            except ServerError as error:
                wrong = error
        if wrong is not None and not any(server.proven for server in self._transport.servers):
            raise wrong

    async def answer(self, request: Request, check: Check) -> Answer:
        """Return the request's answer; whatever goes wrong is in it."""
        left = [server for server in self._transport.servers if server.proven] or list(self._transport.servers)
        while True:
            server = min(left, key=lambda one: self._under_way[one.number])
            left.remove(server)
            answer = await self._asked(server, request, check)
            if answer.status is not Status.FAILED or not left or self._transport.tally.reached:
                self._transport.tally.answered(answer)
                return answer

    async def _asked(self, server: Server, request: Request, check: Check) -> Answer:
        n = server.number
        if not self._under_way[n]:
            # Nobody has asked for a while: the server was not silent, and what stopped others is over.
            server.gate.open()
        self._under_way[n] += 1
        try:
            async with self._places[n]:
                return await self._transport.asking(server, self._clients[n], check).answer(0, request)
        finally:
            self._under_way[n] -= 1
