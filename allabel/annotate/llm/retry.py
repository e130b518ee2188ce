"""Why a request failed, and what that makes us do: wait and ask again, or say so."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

# 502 is what a proxy says while the server behind it starts anew.
OVERLOADED = (429, 502, 503, 529)
TRANSIENT = (408, 409, 425)
# A 429 with one of these codes stays one however long one waits.
FOR_GOOD = ("insufficient_quota", "billing_hard_limit_reached")


class Cause(StrEnum):
    """What stands behind a failed request.

    `overload`: too many requests, or a server that is full. `away`: nothing listens, as when a server starts anew.
    `transient`: a timeout, a broken connection, a server's own fault. `final`: asking again would change nothing.
    """

    OVERLOAD = "overload"
    AWAY = "away"
    TRANSIENT = "transient"
    FINAL = "final"


@dataclass(frozen=True, slots=True)
class Policy:
    """How often and how long a request is tried.

    retries: requests more after a transient fault. overload_retries: requests more while a server is overloaded.
    patience_s: seconds without any answer at all after which a server is given up, and what is left is not sent.
    base_s, cap_s: the first and the longest wait before a retry; it doubles in between. away_cap_s: the longest
    before looking again whether a server that was away is back.
    """

    retries: int = 3
    overload_retries: int = 10
    patience_s: float = 600.0
    base_s: float = 0.5
    cap_s: float = 60.0
    away_cap_s: float = 5.0

    def allows(self, cause: Cause, n_before: int) -> bool:
        """Tell whether one more request may follow `n_before` retries for this cause.

        A server that is away is waited for as long as the patience lasts.
        """
        if cause is Cause.AWAY:
            return True
        return n_before < {Cause.OVERLOAD: self.overload_retries, Cause.TRANSIENT: self.retries}.get(cause, 0)

    def wait_s(self, cause: Cause, n_before: int, asked_s: float | None, rng: np.random.Generator) -> float:
        """Return the seconds to wait before the next request: exponential, jittered, never less than asked for.

        asked_s: what Retry-After says, None where it says nothing.
        """
        cap_s = self.away_cap_s if cause is Cause.AWAY else self.cap_s
        step = min(cap_s, self.base_s * 2.0 ** min(n_before, 30))
        if asked_s is None:
            return float(step * rng.uniform(0.5, 1.0))
        # All who wait were told the same moment: spread them, or they come back as one crowd.
        return float(asked_s + self.base_s * rng.uniform(0.0, 1.0))


def cause_of(error: Exception) -> Cause:
    """Return why a request failed. error: what the openai client or a deadline raised."""
    from openai import APIConnectionError, APIStatusError

    if isinstance(error, APIStatusError):
        if error.status_code in OVERLOADED:
            return Cause.FINAL if error.code in FOR_GOOD else Cause.OVERLOAD
        return Cause.TRANSIENT if error.status_code in TRANSIENT or error.status_code >= 500 else Cause.FINAL
    if isinstance(error, APIConnectionError):
        # By name: the class comes from httpx or httpx2, whichever the client runs on.
        return Cause.AWAY if type(error.__cause__).__name__ == "ConnectError" else Cause.TRANSIENT
    return Cause.TRANSIENT if isinstance(error, TimeoutError) else Cause.FINAL
