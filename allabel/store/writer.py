"""Keeping what comes in one by one, at once where there is time and together where there is not."""

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")
# The share of the time that may go into commits: above it, what comes meanwhile shares one.
BUSY_SHARE = 0.2
LONGEST_S = 0.25


class Writer(Generic[T]):
    """Hands items to `write`, in order and in a thread of its own, from the first of them on.

    One that comes alone is written at once. Under load items wait for each other, LONGEST_S at most: that is what a
    kill may lose. Leaving the context writes everything that is left, also after an interruption; what `write` raised
    is raised by the next `put` or on leaving, and nothing is written after it.
    """

    def __init__(self, write: Callable[[list[T]], None]) -> None:
        self._write = write
        self._waiting: list[T] = []
        self._came = threading.Condition()
        self._closed = False
        self._error: BaseException | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, name="allabel-writer")
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._came:
            self._closed = True
            self._came.notify()
        self._thread.join()
        if self._error is not None and self._error is not error:
            raise self._error

    def put(self, item: T) -> None:
        """Have one item written soon."""
        with self._came:
            if self._error is not None:
                raise self._error
            self._waiting.append(item)
            self._came.notify()

    def _run(self) -> None:
        rest_s = 0.0
        while True:
            with self._came:
                # On closing nothing rests.
                self._came.wait_for(lambda: self._closed, timeout=rest_s)
                self._came.wait_for(lambda: self._waiting or self._closed)
                batch, self._waiting = self._waiting, []
            if not batch:
                return
            began = time.monotonic()
            try:
                self._write(batch)
            except BaseException as error:  # noqa: BLE001  it is raised where the items come from
                with self._came:
                    self._error = error
                return
            rest_s = min(LONGEST_S, (time.monotonic() - began) * (1 / BUSY_SHARE - 1))
