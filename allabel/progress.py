"""Progress of long work, for a person: on a terminal alone, and not with --quiet."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from allabel.console import is_quiet

One = TypeVar("One")


def is_watched() -> bool:
    """Tell whether somebody sees standard error and wants to be told."""
    return sys.stderr.isatty() and not is_quiet()


@contextmanager
def bar(doing: str, n: int, of: str) -> Iterator[Callable[[int], None]]:
    """Show how far work on n things is, with their rate and the time left. Yields what hears of so many more.

    of: what they are, in the plural.
    """
    if not is_watched():
        yield lambda _: None
        return
    rate = _Rate(of)
    made: Any = click.progressbar(length=n, label=doing, file=sys.stderr, item_show_func=lambda _: str(rate))
    with made as shown:

        def came(more: int) -> None:
            rate.came(more)
            shown.update(more, rate)

        yield came


def counted_on(doing: str, things: Iterable[One], of: str) -> Iterator[One]:
    """Yield things as they come, and show how many there were and their rate: nobody knows how many will come."""
    if not is_watched():
        yield from things
        return
    rate = _Rate(of)
    told = ""
    try:
        for one in things:
            rate.came(1)
            if rate.is_due():
                told = f"{doing}: {rate.n:,} {of}, {rate}"
                click.echo(f"\r{told}", nl=False, err=True)
            yield one
    finally:
        if told:
            click.echo("\r" + " " * len(told) + "\r", nl=False, err=True)


def with_time_left(tell: Callable[[str], None], n: int) -> Callable[[str], None]:
    """Return what hears a line for each of n things that is done, and tells it with how long the others will take."""
    began, n_done = time.monotonic(), 0

    def told(line: str) -> None:
        nonlocal n_done
        n_done += 1
        left_s = (time.monotonic() - began) / n_done * (n - n_done)
        tell(line + (f"; about {span(left_s)} left" if n_done < n else ""))

    return told


def span(seconds: float) -> str:
    """Say how long something takes."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


class _Rate:
    """How many came, and how many a second."""

    def __init__(self, of: str) -> None:
        self._of, self.n, self._began = of, 0, time.monotonic()
        self._told = self._began

    def came(self, more: int) -> None:
        self.n += more

    def is_due(self) -> bool:
        """Tell whether a fifth of a second went by since this was last true."""
        if (now := time.monotonic()) - self._told < 0.2:
            return False
        self._told = now
        return True

    def __str__(self) -> str:
        rate = self.n / max(1e-3, time.monotonic() - self._began)
        return f"{rate:,.1f} {self._of}/s" if rate < 100 else f"{rate:,.0f} {self._of}/s"
