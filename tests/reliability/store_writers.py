"""Processes that write to a store while something happens to it."""

import subprocess
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).parent


class Writers:
    """Processes that write to a store, and what each has been told is kept."""

    def __init__(self, place: str | Path, n: int) -> None:
        program = [sys.executable, str(HERE / "writing_project.py"), str(place)]
        self._running = [
            subprocess.Popen([*program, f"w{i}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for i in range(n)
        ]
        self.kept = [0] * n
        self._threads = [threading.Thread(target=self._listen, args=(i,)) for i in range(n)]

    def _listen(self, i: int) -> None:
        for line in self._running[i].stdout or ():
            self.kept[i] = int(line)

    def __enter__(self) -> "Writers":
        for thread in self._threads:
            thread.start()
        give_up = time.monotonic() + 60
        while not all(self.kept) and time.monotonic() < give_up:
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        for running in self._running:
            assert running.stdin is not None
            running.stdin.close()
        for running, thread in zip(self._running, self._threads, strict=True):
            assert running.wait(timeout=60) == 0
            thread.join()
            assert running.stdout is not None
            running.stdout.close()
