"""Keeping what comes in one by one, at once where there is time and together where there is not."""

import math
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")
# The share of a processor that commits may take: above it, what comes meanwhile shares one. A disk's time costs others
# nothing, and is not counted.
BUSY_SHARE = 0.1
LONGEST_S = 0.1


class Writer(Generic[T]):
    """Hands items to `write`, in order and in a thread of its own, from the first of them on.

    One that comes alone is written at once. Under load items wait for each other, LONGEST_S at most, or `rest_s` where
    that is given. most: how many may be unwritten at once, which is what a kill may lose; `put` waits for a place.
    Leaving the context writes everything that is left, also after an interruption; what `write` raised is raised by
    the next `put` or on leaving, and nothing is written after it.
    """

    def __init__(
        self, write: Callable[[list[T]], None], *, rest_s: float | None = None, most: float = math.inf
    ) -> None:
        self._write, self._rest_s, self._most = write, rest_s, most
        self._waiting: list[T] = []
        self._n_unwritten = 0
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
            self._came.notify_all()
        self._thread.join()
        if self._error is not None and self._error is not error:
            raise self._error

    def put(self, item: T) -> None:
        """Have one item written soon."""
        with self._came:
            self._came.wait_for(lambda: self._n_unwritten < self._most or self._error)
            if self._error is not None:
                raise self._error
            self._waiting.append(item)
            self._n_unwritten += 1
            # Between these two the writer rests, and is not to be woken for each.
            if len(self._waiting) == 1 or self._n_unwritten >= self._most:
                self._came.notify_all()

    def _run(self) -> None:
        rest_s = 0.0
        while True:
            with self._came:
                # Nothing rests on closing, nor while others wait for a place.
                self._came.wait_for(lambda: self._closed or self._n_unwritten >= self._most, timeout=rest_s)
                self._came.wait_for(lambda: self._waiting or self._closed)
                batch, self._waiting = self._waiting, []
            if not batch:
                return
            began = time.thread_time()
            try:
                self._write(batch)
            except BaseException as error:  # noqa: BLE001  it is raised where the items come from
                with self._came:
                    self._error = error
                    self._came.notify_all()
                return
            with self._came:
                self._n_unwritten -= len(batch)
                self._came.notify_all()
            rest_s = self._rest(time.thread_time() - began)

    def _rest(self, busy_s: float) -> float:
        return min(LONGEST_S, busy_s * (1 / BUSY_SHARE - 1)) if self._rest_s is None else self._rest_s
