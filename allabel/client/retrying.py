"""When to ask again, and after how long: exponential backoff with full jitter, and what the server asked for.

Source: M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
"""

from collections.abc import Callable
from dataclasses import dataclass

from allabel.errors import InputError


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a request is sent, and how long it may take to get it through.

    tries: with the first one; 1 asks once. total_s: after so many seconds without any success no other try begins.
    first_s, most_s: the longest pause after the first try, which doubles with each, and the longest of all.
    """

    tries: int = 6
    total_s: float = 120.0
    first_s: float = 0.25
    most_s: float = 15.0

    def __post_init__(self) -> None:
        if self.tries < 1 or not (self.total_s >= 0 and self.first_s >= 0 and self.most_s >= 0):
            raise InputError(f"{self} cannot be", remedy="at least 1 try, and no negative seconds")

    def pause_s(self, n_failed: int, spent_s: float, chance: float, retry_after_s: float | None) -> float | None:
        """Return the seconds to wait after so many tries that failed; None where that was the last.

        chance: in [0, 1), where in its range the pause is. retry_after_s: what the server asked for, kept at least.
        """
        if n_failed >= self.tries:
            return None
        wait_s = chance * min(self.most_s, self.first_s * 2.0 ** min(n_failed - 1, 60)) + (retry_after_s or 0.0)
        return None if spent_s + wait_s > self.total_s else wait_s


class Tries:
    """The tries of one request. clock: seconds that only grow. chance: a number in [0, 1) each time."""

    def __init__(self, retries: Retries, clock: Callable[[], float], chance: Callable[[], float]) -> None:
        self._retries, self._clock, self._chance = retries, clock, chance
        self.succeeded()

    def succeeded(self) -> None:
        """Begin anew: something came through."""
        self._n_failed, self._began = 0, self._clock()

    def pause_s(self, retry_after_s: float | None) -> float | None:
        """Count a failure; returns the seconds to wait, None where no other try is left."""
        self._n_failed += 1
        return self._retries.pause_s(self._n_failed, self._clock() - self._began, self._chance(), retry_after_s)
