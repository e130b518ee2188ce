"""Long work in a process of its own, so that whoever waits at a page does not feel it.

Measured on two cores, with a page's step of 33 ms (30 ms of Python, ten reads and a save): while the annotator on board
learns from 2,000 sentences in a thread, which takes 5.0 s, a step takes 195 ms at the median and 1,800 ms at worst,
because each read waits for the interpreter's lock anew. In a process it takes 34 and 40 ms.
"""

import contextlib
import os
import pickle  # between our own processes, see below  # nosec B403
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from typing import IO, ParamSpec, TypeVar

from allabel.discreet import in_a_line
from allabel.errors import AllabelError, InputError

P = ParamSpec("P")
R = TypeVar("R")
# What a process is given to end by itself, before it is killed.
GRACE_S = 5.0
NICE = 10


class StoppedError(AllabelError):
    """The work was stopped before it was done."""


class Apart:
    """Runs one function at a time in a process of its own; further calls wait. `stop` ends what runs.

    nice: how far the process steps back behind others, from 0 to 19; owners change it between calls.
    """

    def __init__(self, nice: int = NICE) -> None:
        self.nice = nice
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False
        self._lock, self._turn = threading.Lock(), threading.Lock()

    def call(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what a module's function gives in a fresh process; arguments and result are pickled.

        Raises what the function raised, an InputError with its place and remedy where it was one, else AllabelError
        with the kind and the place of what nobody foresaw, for its words may quote a text;
        AllabelError where the process died; StoppedError after `stop`.
        """
        work = pickle.dumps((function, args, kwargs))
        # A file, for a pipe that nobody empties would halt a process that says much.
        with self._turn, tempfile.TemporaryFile() as said:
            process = self._begin(said)
            try:
                out, _ = process.communicate(work)
            except BaseException:  # an interruption of who waits must leave nobody at work
                process.kill()
                process.wait()
                raise
            if self._stopped:
                raise StoppedError("the work was stopped")
            if process.returncode or not out:
                raise AllabelError(_died(process.returncode, said))
        ok, *told = pickle.loads(out)  # noqa: S301  our own process wrote it  # nosec B301
        if ok:
            result: R = told[0]
            return result
        problem, place = told
        raise AllabelError(problem) if place is None else InputError(problem, **place)

    def stop(self) -> None:
        """End what runs, and let nothing begin any more; safe to call twice and from any thread."""
        with self._lock:
            self._stopped = True
            process = self._process
        if process is None or process.poll() is not None:
            return
        # An interruption lets answers that were paid for be written first.
        with contextlib.suppress(OSError):
            process.send_signal(signal.SIGINT)
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()

    def _begin(self, said: IO[bytes]) -> "subprocess.Popen[bytes]":
        with self._lock:
            if self._stopped:
                raise StoppedError("the work was stopped")
            self._process = subprocess.Popen(  # noqa: S603  our own interpreter and module  # nosec B603
                [sys.executable, "-m", "allabel.apart", str(self.nice)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
            )
            return self._process


def _died(status: int, said: IO[bytes]) -> str:
    said.seek(0)
    lines = said.read().decode("utf-8", "replace").strip().splitlines()
    why = f"signal {-status}" if status < 0 else f"status {status}"
    return f"the process that worked apart ended with {why}" + (f": {lines[-1]}" if lines else "")


def main() -> None:
    """Do the work that stands on standard input, pickled, and write its result to standard output."""
    # What libraries print must not stand in the result.
    result = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    if hasattr(os, "nice"):
        os.nice(int(sys.argv[1]))
    function, args, kwargs = pickle.load(sys.stdin.buffer)  # noqa: S301  our own parent wrote it  # nosec B301
    told: tuple[object, ...]
    try:
        told = (True, function(*args, **kwargs))
    except InputError as error:
        told = (False, error.problem, {"file": error.file, "line": error.line, "remedy": error.remedy})
    except Exception as error:  # noqa: BLE001  the parent raises it
        told = (False, in_a_line(error), None)
    with result:
        pickle.dump(told, result)


if __name__ == "__main__":
    main()
