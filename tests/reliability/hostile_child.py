"""Feeds changed inputs to the readers in a process of its own: python hostile_child.py FOLDER SEED N [READER …].

What is broken is printed as one JSON object at the end. A crash of the process itself leaves the input that did it in
FOLDER/input. Audit hooks see what is opened, run, or connected to; an input may take so much time and memory.
"""

import faulthandler
import json
import random
import resource
import shutil
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import hostile_readers
from hostile_readers import ERRORS, Files, Reader

MOST_S, MOST_FAULTS, MOST_MESSAGE = 10.0, 25, 20_000
MOST_MEMORY = 3 * 2**30
# What no file may make a reader do. `open` is looked at by its path.
NEVER = {
    *("os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "subprocess.Popen", "pty.spawn"),
    *("socket.connect", "socket.bind", "socket.getaddrinfo", "pickle.find_class", "ctypes.dlopen", "ctypes.dlsym"),
    *("shutil.unpack_archive", "ftplib.connect", "urllib.Request", "webbrowser.open", "code.__new__", "os.symlink"),
}


class TooSlowError(BaseException):
    """An input took longer than it may."""


class Guard:
    """Sees what the process does while an input is read. allowed: folders that may be read besides the input's own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.armed, self.seen = str(folder), False, list[str]()
        own = (str(Path(hostile_readers.ROOT)), sys.prefix, sys.base_prefix, "/usr/lib", "/usr/share", "/tmp/venv")
        self.allowed = (*own, "/proc/", "/sys/", "/etc/localtime", "/dev/null", "/dev/urandom", "/lib")
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.armed:
            return
        if event in NEVER:
            self.seen.append(f"{event} {args!r:.200}")
        elif event == "open" and isinstance(args[0], str | bytes):
            path = args[0] if isinstance(args[0], str) else args[0].decode("utf-8", "replace")
            writes = bool(args[2] & 3) if isinstance(args[2], int) else False
            if not path.startswith("/") or path.startswith(self.folder):
                return
            if writes or not path.startswith(self.allowed):
                self.seen.append(f"open {path[:200]} {args[1]}")
        elif event in {"os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate", "shutil.rmtree", "os.chmod"}:
            path = str(args[0])
            if path.startswith("/") and not path.startswith(self.folder):
                self.seen.append(f"{event} {path[:200]}")


def put(files: Files, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def changed(reader: Reader, seeds: list[Files], rng: random.Random) -> Files:
    """Return a seed of which a file, now and then two, is not what it was."""
    files = dict(rng.choice(seeds))
    for _ in range(rng.choice((1, 1, 1, 2))):
        name = rng.choice(sorted(files))
        others = [seed[name] for seed in seeds if name in seed]
        files[name] = reader.change(name)(rng, files[name], others)
    return files


def one(reader: Reader, files: Files, folder: Path, guard: Guard) -> tuple[str, str]:
    """Read an input; gives how it ended and, where that is a fault, what it is."""
    put(files, folder)
    path = folder / reader.main if reader.main else folder
    signal.setitimer(signal.ITIMER_PROF, MOST_S)
    guard.seen.clear()
    guard.armed = True
    ended, fault = "read", ""
    try:
        reader.read(path)
    except ERRORS as error:
        ended = "refused"
        if len(str(error)) > MOST_MESSAGE:
            ended, fault = "broken", f"a message of {len(str(error))} characters: {str(error)[:100]}"
    except TooSlowError:
        ended, fault = "broken", f"more than {MOST_S:g} s\n{traceback.format_exc()[-1500:]}"
    except BaseException as error:  # noqa: BLE001  whatever it is, it is a fault of ours
        ended, fault = "broken", f"{type(error).__name__}: {error!s:.200}\n{_where()}"
    finally:
        guard.armed = False
        signal.setitimer(signal.ITIMER_PROF, 0)
    if guard.seen:
        ended, fault = "broken", f"did what it may not: {guard.seen[0]}"
    return ended, fault


def _where() -> str:
    error = sys.exc_info()[1]
    assert error is not None
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if "hostile_child" not in f.filename]
    return "\n".join(f"  {f.filename}:{f.lineno} {f.name}" for f in own[-7:])


def slow(*_: Any) -> None:
    raise TooSlowError


def main(folder: Path, seed: int, n: int, names: list[str]) -> dict[str, Any]:
    """Feed n inputs to the readers of these names, or to all, and say how it went."""
    readers = [r for name, r in hostile_readers.readers().items() if not names or name in names]
    seeds = {}
    for reader in readers:
        place = folder / "seeds" / reader.name.replace(" ", "_")
        place.mkdir(parents=True)
        seeds[reader.name] = reader.seeds(place)
    guard = Guard(folder)
    counts: dict[str, Counter[str]] = {r.name: Counter() for r in readers}
    faults: dict[str, dict[str, Any]] = {}
    slowest: tuple[float, str] = (0.0, "")
    largest: tuple[int, str] = (0, "")
    signal.signal(signal.SIGPROF, slow)
    for reader in readers:  # what is imported late is imported now, and a sound input must be read
        for files in seeds[reader.name]:
            put(files, folder / "input")
            try:
                reader.read(folder / "input" / reader.main if reader.main else folder / "input")
            except ERRORS as error:
                counts[reader.name][f"sound input refused: {error!s:.300}"] += 1
            except Exception as error:  # noqa: BLE001  it is told, and counts
                counts[reader.name][f"sound input broken: {error!r:.300}"] += 1
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MOST_MEMORY, used + MOST_MEMORY))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rng = random.Random(seed)
    order = rng.choices(readers, [r.weight for r in readers], k=n)
    for number, reader in enumerate(order):
        files = changed(reader, seeds[reader.name], random.Random(f"{seed} {number}"))
        # Native code does not hear of signals: a process that hangs in it is ended, and says where.
        faulthandler.dump_traceback_later(60, exit=True)
        (folder / "reading").write_text(f"{reader.name} {seed} {number}")
        began = time.process_time()
        ended, fault = one(reader, files, folder / "input", guard)
        slowest = max(slowest, (time.process_time() - began, f"{reader.name} {seed} {number}"))
        now = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        largest, peak = max(largest, (round((now - peak) / 2**10), f"{reader.name} {seed} {number}")), now
        counts[reader.name][ended] += 1
        if fault and len(faults) < MOST_FAULTS:
            known = f"{reader.name}: {fault.splitlines()[0][:60]} {fault.splitlines()[-1]}"
            shown = {name: repr(data[:600]) for name, data in files.items()}
            faults.setdefault(known, {"reader": reader.name, "number": number, "fault": fault, "files": shown})
    faulthandler.cancel_dump_traceback_later()
    return {
        "counts": {name: dict(found) for name, found in counts.items()},
        "faults": list(faults.values()),
        "slowest": slowest,
        "largest_mb": largest,
        "peak_mb": round(peak / 2**10),
    }


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    told = main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
    print(json.dumps(told))
