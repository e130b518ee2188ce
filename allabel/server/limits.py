"""How much one caller may ask for: a moving window of a minute over requests and over texts."""

import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from allabel.config import Serve
from allabel.server.problems import ProblemError


class Rates:
    """Counts what callers ask of this process. Source of the window: `limits`, sliding window counter."""

    def __init__(self, settings: Serve) -> None:
        self._window = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._requests = _per_minute(settings.requests_per_minute)
        self._texts = _per_minute(settings.texts_per_minute)

    def request(self, caller: str) -> None:
        """Count a request. Raises ProblemError where there were too many."""
        self._count(self._requests, caller, 1, "requests")

    def texts(self, caller: str, n: int) -> None:
        """Count texts. Raises ProblemError where there were too many."""
        self._count(self._texts, caller, n, "texts")

    def _count(self, limit: RateLimitItemPerMinute | None, caller: str, n: int, what: str) -> None:
        if limit is None:
            return
        if n > limit.amount:
            raise ProblemError(
                413, f"{n:,} {what} at once, where {limit.amount:,} a minute are allowed", remedy="send fewer at once"
            )
        if not self._window.hit(limit, what, caller, cost=n):
            wait_s = self._window.get_window_stats(limit, what, caller).reset_time - time.time()
            raise ProblemError(
                429,
                f"more than {limit.amount:,} {what} a minute",
                remedy="send again after the seconds that Retry-After names",
                retry_after_s=min(60.0, max(0.0, wait_s)),
            )


def _per_minute(n: int | None) -> RateLimitItemPerMinute | None:
    return None if n is None else RateLimitItemPerMinute(n)
