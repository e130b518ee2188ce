"""Who may send, and when: the budget, the pace, and whether the server is still there."""

import asyncio
import time

from allabel.annotate.llm.pace import Pace
from allabel.annotate.llm.tally import Estimate, Tally, Verdict


class Gate:
    """Lets requests out one by one as budget and pace allow, and none any more once one of them has said stop."""

    def __init__(self, tally: Tally, pace: Pace, max_output_tokens: int) -> None:
        self._tally, self._pace, self._max_output_tokens = tally, pace, max_output_tokens
        self._heard_at = 0.0
        self.stopped = ""

    def open(self) -> None:
        """Begin: the server has just been heard, in the event loop that now runs. A budget that is used up stays so."""
        self._heard_at = time.monotonic()
        self._back = asyncio.Event()
        self.stopped = self._tally.reached and self.stopped

    async def out(self, n_prompt_tokens: int) -> Estimate | None:
        """Wait for leave to send, and count the request as sent; None where none is given any more.

        Returns what it is reckoned to take, which `back` wants to know.
        """
        waited = False
        while True:
            estimate = self._tally.estimate(n_prompt_tokens, self._max_output_tokens)
            verdict = self._tally.verdict(estimate.n_tokens)
            if verdict is Verdict.STOP:
                self.stopped = self.stopped or self._tally.reached
            if self.stopped:
                return None
            if verdict is Verdict.WAIT:
                self._back.clear()
                await self._back.wait()
                continue
            delay_s = self._pace.quiet_s() if waited else self._pace.take(estimate.n_tokens)
            if delay_s <= 0:
                self._tally.sent(estimate.n_tokens)
                return estimate
            # Others may use the budget up meanwhile: ask again afterwards.
            waited = True
            await asyncio.sleep(delay_s)

    def back(self, estimate: Estimate, n_prompt_tokens: int = 0, n_output_tokens: int = 0) -> None:
        """Count what a request took, nothing for one that failed; those that wait for it go on."""
        self._tally.came_back(estimate, n_prompt_tokens, n_output_tokens)
        self._pace.correct(estimate.n_tokens, n_prompt_tokens + n_output_tokens)
        self._back.set()

    def heard(self) -> None:
        """Note that the server has answered."""
        self._heard_at = time.monotonic()

    def silent_s(self) -> float:
        """Return the seconds since the server last answered."""
        return time.monotonic() - self._heard_at

    def stop(self, reason: str) -> None:
        """Let nothing out any more."""
        self.stopped = self.stopped or reason
        self._back.set()

    def hold(self, seconds: float) -> None:
        """Let nothing out for so long: the server asked for it."""
        self._pace.hold(seconds)
