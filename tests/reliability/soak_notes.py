"""What a soak run writes down: how long everything took, how large every process was, and all that went wrong."""

import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field

import psutil

EVERY_S = 5.0
MB = 2**20


@dataclass(slots=True)
class Notes:
    """Seconds are since `began`. took: by route, (when, milliseconds). memory: by process, (when, megabytes)."""

    began: float = field(default_factory=time.monotonic)
    took: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    memory: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    wrong: list[tuple[float, str, str]] = field(default_factory=list)

    @property
    def now(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self.began

    def spent(self, route: str, seconds: float) -> None:
        """Note how long a route took."""
        self.took[route].append((self.now, 1000 * seconds))

    def error(self, where: str, what: object) -> None:
        """Note something that went wrong."""
        self.wrong.append((self.now, where, f"{what}"[:500]))


class Sampler:
    """Looks at processes every EVERY_S seconds, in a thread. pids: by name, the first process of each tree.

    A program is its first process; the processes that it lets work apart are told as `NAME apart`. Of PostgreSQL and
    the browser, which are many processes by nature, the sum is taken, without the memory that they share, and beside
    it how many they are.
    """

    def __init__(self, notes: Notes, pids: dict[str, int], summed: tuple[str, ...]) -> None:
        self._notes, self._summed = notes, summed
        self._roots = {name: psutil.Process(pid) for name, pid in pids.items()}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Sampler":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(EVERY_S):
            for name, root in self._roots.items():
                try:
                    self._look(name, root)
                except psutil.NoSuchProcess as error:
                    self._notes.error(name, f"the process is gone: {error}")
                    return

    def _look(self, name: str, root: psutil.Process) -> None:
        now, below = self._notes.now, root.children(recursive=True)
        if name in self._summed:
            self._notes.memory[name].append((now, sum(map(_own, [root, *below])) / MB))
            self._notes.memory[f"{name}: how many"].append((now, 1.0 + len(below)))
            return
        self._notes.memory[name].append((now, root.memory_info().rss / MB))
        if apart := sum(map(_whole, below)):
            self._notes.memory[f"{name} apart"].append((now, apart / MB))


def _own(process: psutil.Process) -> int:
    try:
        info = process.memory_info()
    except psutil.NoSuchProcess:
        return 0  # it ended while we looked
    return int(info.rss - info.shared)


def _whole(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
