"""Turns to write: threads and programs that write into one SQLite file stand in line for it.

SQLite itself has no line. Who waits looks again every 100 ms, and whoever looks first is next: with sixteen writers in
two processes on a busy machine, one waited for its ten seconds while others had one turn after the other.
"""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def turn(folder: Path, patience_s: float) -> Iterator[None]:
    """Wait until this one is next among all who want to write into a folder's databases.

    Inside, one alone waits for the database; whoever was just writing stands in line again. A courtesy and no lock: who
    waited for `patience_s`, or cannot stand in line (on Windows, on a file system without such locks), goes on, for the
    database keeps writers apart by itself.
    """
    if sys.platform == "win32":
        yield
        return
    place = _Place(folder)
    try:
        place.wait(patience_s)
        yield
    finally:
        place.leave()


if sys.platform != "win32":
    import fcntl

    class _Place:
        """A place in the line: a lock on the folder, not on the database, whose own locks a second file would break.

        The system wakes those who wait, and lets go the lock of a program that is killed.
        """

        def __init__(self, folder: Path) -> None:
            self._came, self._guard, self._left, self._waits = threading.Event(), threading.Lock(), False, False
            self._folder: int | None = None
            # What is wrong with the folder the database says in its own words.
            with suppress(OSError):
                self._folder = os.open(folder, os.O_RDONLY)

        def wait(self, patience_s: float) -> None:
            """Return when this one is next, or after `patience_s`."""
            if self._folder is None:
                return
            try:
                fcntl.flock(self._folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._waits = True
                # The system's own waiting keeps the order and has no end of patience: that is another thread's.
                threading.Thread(target=self._block, args=(self._folder,), name="allabel-turn", daemon=True).start()
                self._came.wait(patience_s)
            except OSError:
                return

        def leave(self) -> None:
            """Let the next one in; also who waits no longer leaves the line."""
            with self._guard:
                self._left = True
                if self._folder is not None and not self._waits:
                    _close(self._folder)

        def _block(self, folder: int) -> None:
            with suppress(OSError):
                fcntl.flock(folder, fcntl.LOCK_EX)
            with self._guard:
                self._waits = False
                self._came.set()
                if self._left:
                    _close(folder)

    def _close(folder: int) -> None:
        # Let go outright, as a process that was forked meanwhile has the folder open too.
        with suppress(OSError):
            fcntl.flock(folder, fcntl.LOCK_UN)
        os.close(folder)
