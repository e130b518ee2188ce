"""What a soak run must not show: memory that grows, answers that come later and later, errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import linregress, t

# Of the first window's mean, from the end of the warm-up to the end of the run.
MOST_GROWTH = 0.05
# Megabytes: a page of 12 that grew by as little as this leaks nothing that anybody would feel in a day.
SMALLEST = 4.0
# Of the mean of the windows' p95; what two noisy cores do to an hour stays within it.
MOST_SLOWER = 0.10
# Requests in a window, below which its p95 says nothing.
FEWEST = 20
Series = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Times:
    """When a run's figures count, in seconds: from `warm` to `end`, in windows."""

    warm: float
    window: float
    end: float

    @classmethod
    def of(cls, minutes: float) -> "Times":
        """Ten minutes of warm-up and windows of five where there is time for them, else a third and a sixth."""
        return cls(60 * min(10, minutes / 3), 60 * min(5, minutes / 6), 60 * minutes)

    @property
    def windows(self) -> list[tuple[float, float]]:
        """Where each window begins and ends."""
        n = round((self.end - self.warm) / self.window)
        return [(self.warm + i * self.window, self.warm + (i + 1) * self.window) for i in range(n)]


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line through points: its rise from the first to the last of them, and the rise's 95 % interval."""

    rise: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Grown:
    """How a process's memory went, in megabytes."""

    name: str
    first: float
    last: float
    most: float
    line: Line

    @property
    def missed(self) -> bool:
        """Whether it grew beyond the bar, by its windows, or surely by its line."""
        return max(self.last - self.first, self.line.low) > max(MOST_GROWTH * self.first, SMALLEST)


@dataclass(frozen=True, slots=True)
class Slowed:
    """How long a route took, in milliseconds; p95s of the windows. line: None where the requests are too few."""

    route: str
    n: int
    p50: float
    p95: float
    p95s: tuple[float, ...]
    line: Line | None

    @property
    def missed(self) -> bool:
        """Whether it surely takes longer in the end than the bar allows."""
        return self.line is not None and self.line.low > MOST_SLOWER * float(np.mean(self.p95s))


def covers(memory: Series, times: Times) -> bool:
    """Tell whether there are looks in the first window and in the last."""
    return all(any(a <= when < b for when, _ in memory) for a, b in (times.windows[0], times.windows[-1]))


def by_minute(memory: Series) -> list[float]:
    """Give the mean of each minute that was looked at, rounded to a tenth of a megabyte."""
    minutes = sorted({int(when // 60) for when, _ in memory})
    return [round(float(np.mean([mb for when, mb in memory if when // 60 == one])), 1) for one in minutes]


def grown(name: str, memory: Series, times: Times) -> Grown:
    """Hold the first window against the last, and fit a line through the means of twelfths of the time between.

    A process that is looked at every few seconds is nearly what it was: single looks would make the interval too small.
    """
    when, size = np.array([one for one in memory if one[0] >= times.warm]).T
    means = [float(size[(when >= a) & (when < b)].mean()) for a, b in (times.windows[0], times.windows[-1])]
    bins = np.linspace(times.warm, times.end, 13)[1:-1]
    parts = [part.mean() for part in np.split(size, np.searchsorted(when, bins)) if part.size]
    return Grown(name, means[0], means[1], float(size.max()), fitted(parts))


def slowed(route: str, took: Series, times: Times) -> Slowed:
    """Compare the windows of a route."""
    when, ms = np.array(took).T
    parts = [ms[(when >= a) & (when < b)] for a, b in times.windows]
    enough = len(parts) > 2 and all(part.size >= FEWEST for part in parts)
    p95s = tuple(float(np.quantile(part, 0.95)) for part in parts) if enough else ()
    return Slowed(
        route,
        ms.size,
        float(np.quantile(ms, 0.5)),
        float(np.quantile(ms, 0.95)),
        p95s,
        fitted(p95s) if enough else None,
    )


def fitted(values: Sequence[float]) -> Line:
    """Fit a line through values at equal distances, three at least; least squares, Student's t."""
    n = len(values)
    found = linregress(range(n), values)
    half = float(t.ppf(0.975, n - 2)) * found.stderr
    return Line(*(float(slope) * (n - 1) for slope in (found.slope, found.slope - half, found.slope + half)))


def table(memory: Sequence[Grown], latency: Sequence[Slowed], unbarred: Mapping[str, str]) -> str:
    """Write the figures down. unbarred: by process, why growth is no fault of it."""
    lines = [f"{'memory, MB':<18}{'first':>8}{'last':>8}{'growth':>9}{'most':>8}   rise of a fitted line (95 %)"]
    for one in memory:
        said = unbarred.get(one.name, "MISSED" if one.missed else "")
        line = f"{one.line.rise:+.1f} ({one.line.low:+.1f} to {one.line.high:+.1f})"
        growth = (one.last - one.first) / one.first
        lines.append(f"{one.name:<18}{one.first:>8.1f}{one.last:>8.1f}{growth:>+9.1%}{one.most:>8.1f}   {line}  {said}")
    lines += ["", f"{'latency, ms':<32}{'n':>7}{'p50':>9}{'p95':>9}   p95 of the windows; rise of a fitted line (95 %)"]
    for each in sorted(latency, key=lambda each: -each.n):
        windows = " ".join(f"{p95:.0f}" for p95 in each.p95s) or "too few"
        fit = each.line
        rise = "" if fit is None else f"; {fit.rise:+.1f} ({fit.low:+.1f} to {fit.high:+.1f})"
        said = "  MISSED" if each.missed else ""
        lines.append(f"{each.route:<32}{each.n:>7}{each.p50:>9.1f}{each.p95:>9.1f}   {windows}{rise}{said}")
    return "\n".join(lines)
