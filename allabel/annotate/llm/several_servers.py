"""Several servers of one model: one line of requests, taken by whichever server is free; a silent one is left aside."""

import asyncio
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from allabel.annotate.canary import shown_url
from allabel.annotate.llm.base import Answer
from allabel.annotate.llm.gate import Gate
from allabel.annotate.llm.pace import Pace
from allabel.annotate.llm.tally import Estimate, Tally

# A server beside others is left aside after so many seconds without an answer, where patience is not shorter: what it
# holds is asked of the others, and it is tried again with the next texts, 4,096 further on.
ASIDE_S = 30.0
# So many requests in a row that it failed at and another answered leave a server aside too.
FAULTS = 3


def addresses(base_url: str) -> list[str]:
    """Return the servers that a setting names, separated by commas or blanks, each once, in its order."""
    return list(dict.fromkeys(url for url in re.split(r"[,\s]+", base_url) if url))


def told_apart(urls: Iterable[str]) -> list[str]:
    """Return what tells a set of servers from another: addresses without user, password, query and slash at the end."""
    return sorted({shown_url(url).rstrip("/") for url in urls})


class ServerGate(Gate):
    """The gate of one server among several. left: hears, once, why it is left aside; returns whether it may be.

    The last of several is not left aside: for it the run's own patience counts, as for one that is alone.
    """

    def __init__(
        self, tally: Tally, pace: Pace, max_output_tokens: int, aside_s: float, left: Callable[[str], bool]
    ) -> None:
        super().__init__(tally, pace, max_output_tokens)
        self._aside_s, self._left = aside_s, left
        self.is_open = self.is_aside = False

    def open(self) -> None:
        """Begin anew; what was left aside before is tried again."""
        super().open()
        self.is_open, self.is_aside = True, False

    def back(self, estimate: Estimate, n_prompt_tokens: int = 0, n_output_tokens: int = 0) -> None:
        """Count what a request took; a server that gave none an answer for long is left aside."""
        super().back(estimate, n_prompt_tokens, n_output_tokens)
        if self.silent_s() > self._aside_s:
            self.leave(f"gave no answer for {self._aside_s:g} s")

    def nudge(self) -> None:
        """Let those that wait for the budget look again: another server's request came back."""
        if self.is_open:
            self._back.set()

    def stop(self, reason: str) -> None:
        """Let nothing out any more; where others go on, as one that is left aside."""
        if not self.leave(reason):
            super().stop(reason)

    def leave(self, reason: str) -> bool:
        """Leave the server aside where others go on; tells whether it is."""
        if not self.is_aside and not self.stopped and self._left(reason):
            self.is_aside = True
            super().stop(reason)
        return self.is_aside


@dataclass(slots=True)
class Server:
    """One of the servers. proven: for which ways of binding it was; n_faults: see FAULTS; n_answered: in all."""

    number: int
    url: str
    gate: ServerGate
    proven: set[bool] = field(default_factory=set)
    n_faults: int = 0
    n_answered: int = 0

    def failed_where_another_did_not(self) -> None:
        """Count a request that it failed at and another server answered; too many in a row leave it aside."""
        self.n_faults += 1
        if self.n_faults >= FAULTS:
            self.gate.leave(f"failed at {FAULTS} requests in a row that another server answered")

    def answered(self) -> None:
        """Count a request that it answered."""
        self.n_answered, self.n_faults = self.n_answered + 1, 0


class Line:
    """The requests of one `send`: each is taken by one server, and by another where that one failed at it."""

    def __init__(self, n: int, servers: int) -> None:
        self._fresh: Iterator[int] = iter(range(n))
        self._back: list[int] = []
        self._at: dict[int, dict[int, Answer]] = {}
        self._serving = set(range(servers))
        self._n, self._n_left, self._changed = n, n, asyncio.Event()

    @property
    def is_whole(self) -> bool:
        """True while no request is done with."""
        return self._n_left == self._n

    async def take(self, server: int) -> int | None:
        """Return the next request for this server, None once nothing is left that it could be given.

        Waits while other servers hold requests: they may come back. One that all of those which still serve have
        failed at is asked once more.
        """
        while self._n_left and server in self._serving:
            i = next((i for i in self._back if self._is_for(i, server)), None)
            if i is not None:
                self._back.remove(i)
                return i
            i = next(self._fresh, None)
            if i is not None:
                return i
            self._changed.clear()
            await self._changed.wait()
        return None

    def _is_for(self, i: int, server: int) -> bool:
        return server not in self._at[i] or not self._serving - self._at[i].keys()

    def again(self, i: int, server: int, answer: Answer) -> bool:
        """Put a request that failed back for another server; tells whether there is one that has not tried it."""
        self._at.setdefault(i, {})[server] = answer
        if not self._serving - self._at[i].keys():
            return False
        self._back.append(i)
        self._changed.set()
        return True

    def answered(self, i: int) -> dict[int, Answer]:
        """Note that a request is done with; returns what came of it at other servers."""
        self._n_left -= 1
        self._changed.set()
        return self._at.pop(i, {})

    def leave(self, server: int) -> bool:
        """Give a server nothing more, where another goes on; tells whether one does."""
        if not self._serving - {server}:
            return False
        self._serving.discard(server)
        self._changed.set()
        return True

    def rest(self) -> Iterator[tuple[int, Answer | None]]:
        """Yield, once no server takes anything more, what is left, with the last failure of each that was tried."""
        for i in self._back:
            yield i, list(self._at[i].values())[-1]
        for i in self._fresh:
            yield i, None

    async def done(self) -> None:
        """Wait until every request is done with."""
        while self._n_left:
            self._changed.clear()
            await self._changed.wait()
