"""How fast requests may go out: so many a minute, so many tokens a minute, and not while a server asks for quiet."""

import time
from collections.abc import Callable
from dataclasses import dataclass

BURST_S = 1.0


class Rate:
    """So many units a minute, evenly; a second's worth may go out at once. Source: GCRA (ITU-T I.371)."""

    def __init__(self, per_minute: float, clock: Callable[[], float] = time.monotonic) -> None:
        if per_minute <= 0:
            raise ValueError(f"a rate of {per_minute} a minute lets nothing through")
        self._per_s, self._clock = per_minute / 60, clock
        self._next = clock() - BURST_S

    def take(self, n: float) -> float:
        """Take n units, and return the seconds to wait before they may be used."""
        now = self._clock()
        start = max(self._next, now - BURST_S)
        self._next = start + n / self._per_s
        return max(0.0, start - now)

    def give(self, n: float) -> None:
        """Give n units back that were taken and not used; a negative n takes more."""
        self._next -= n / self._per_s


@dataclass(slots=True)
class Pace:
    """Both rates of a server, and the quiet it asked for. Rates that are None hold nothing back."""

    requests: Rate | None = None
    tokens: Rate | None = None
    clock: Callable[[], float] = time.monotonic
    _quiet_until: float = 0.0

    @classmethod
    def of(cls, requests_per_minute: float | None, tokens_per_minute: float | None) -> "Pace":
        """Return the pace that settings ask for."""
        return cls(
            None if requests_per_minute is None else Rate(requests_per_minute),
            None if tokens_per_minute is None else Rate(tokens_per_minute),
        )

    def take(self, n_tokens: int) -> float:
        """Take one request of about n_tokens, and return the seconds to wait before it may be sent."""
        waits = [self.quiet_s()]
        waits += [self.requests.take(1)] if self.requests else []
        waits += [self.tokens.take(n_tokens)] if self.tokens else []
        return max(waits)

    def correct(self, n_estimated: int, n_real: int) -> None:
        """Reckon with the tokens a request really took, once they are known."""
        if self.tokens:
            self.tokens.give(n_estimated - n_real)

    def hold(self, seconds: float) -> None:
        """Send nothing for so long: the server asked for it."""
        self._quiet_until = max(self._quiet_until, self.clock() + seconds)

    def quiet_s(self) -> float:
        """Return how long the server still wants quiet."""
        return max(0.0, self._quiet_until - self.clock())
