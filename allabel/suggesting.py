"""Suggestions kept fresh for the texts that are next, while people annotate."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from allabel import jobs
from allabel.apart import Apart, StoppedError
from allabel.errors import AllabelError, InputError
from allabel.refreshing import AHEAD, Learned, Refreshed

R = TypeVar("R")
# After a failure, answers ask for nothing for so long: a server that is down is not asked at every Enter.
RETRY_S = 60.0


class Doing(StrEnum):
    """What becomes of the suggestions just now."""

    IDLE = "idle"
    WORKING = "working"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class State:
    """How the suggestions of one project stand. message: in words; remedy: what to do, "" where nothing need be.

    at: when this began.
    """

    doing: Doing
    message: str
    remedy: str
    at: datetime


class Suggestions:
    """Keeps suggestions for the next `ahead` texts of one project, by a thread that lets a process do the work.

    Made for pages: nothing here raises because a suggestion could not be made; `state` says so. It opens the project
    anew each time, so that new settings and labels count, and never holds it. flags: overrides of its settings.
    """

    def __init__(
        self, folder: Path, flags: dict[str, Any] | None = None, ahead: int = AHEAD, *, retry_s: float = RETRY_S
    ) -> None:
        self.folder, self._flags, self._ahead, self._retry_s = folder, dict(flags or {}), ahead, retry_s
        self._apart, self._jobs = Apart(), Apart()
        self._learned: Learned | None = None
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopped = False
        # Answers since the last refresh; after how many to look again; whether to look at once.
        self._n_answers, self._next_after, self._at_once = 0, 1, True
        self._rests_until = 0.0
        self._state = State(Doing.IDLE, "suggestions were not looked at yet", "", datetime.now(UTC))

    def start(self) -> None:
        """Begin, with a refresh at once; a second call does nothing."""
        with self._changed:
            if self._thread is None and not self._stopped:
                self._thread = threading.Thread(target=self._run, name="allabel-suggestions", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End the thread and what it has under way; what was tagged is kept."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._apart.stop()
        self._jobs.stop()
        if self._thread is not None:
            self._thread.join()
        self._say(Doing.STOPPED, "suggestions are not kept fresh any more")

    def poke(self, *, at_once: bool = False) -> None:
        """Tell that a text was answered or skipped. at_once: look now, as after a selection or new settings."""
        with self._changed:
            self._n_answers += 1
            self._at_once = self._at_once or at_once
            self._changed.notify_all()

    def state(self) -> State:
        """Return how the suggestions stand."""
        with self._changed:
            return self._state

    def refresh(self) -> int:
        """Make what is missing or old among the next texts now, and return how many texts got a suggestion.

        Waits for it. Raises what the work raised.
        """
        done = self._apart.call(jobs.refresh_suggestions, self.folder, self._flags, self._learned, self._ahead)
        self._learned = done.learned
        with self._changed:
            self._next_after = done.next_after
        self._tell(done)
        return done.n_tagged

    def apart(self, job: Callable[[Path, dict[str, Any]], R]) -> R:
        """Return what one of `allabel.jobs` gives for this project, in a process of its own; waits for it.

        It waits for no refresh and none waits for it; several wait for each other. Raises what the work raised.
        """
        return self._jobs.call(job, self.folder, self._flags)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._due)
                if self._stopped:
                    return
                self._n_answers, self._at_once = 0, False
            self._say(Doing.WORKING, "suggestions for the next texts are being made")
            self._guarded(self.refresh)

    def _due(self) -> bool:
        if self._stopped or self._at_once:
            return True
        return self._n_answers >= self._next_after and time.monotonic() >= self._rests_until

    def _guarded(self, work: Callable[[], int]) -> None:
        try:
            work()
        except StoppedError:
            return
        except InputError as error:
            self._fail(error.problem, error.remedy)
        except AllabelError as error:
            self._fail(str(error), "")
        except Exception as error:  # noqa: BLE001  a page must not fall over for want of a suggestion
            self._fail(f"{type(error).__name__}: {error}", "")

    def _tell(self, done: Refreshed) -> None:
        if done.problem:
            self._fail(done.problem, "")
        elif done.learned is None:
            self._say(Doing.IDLE, "suggestions begin when the first text is annotated")
        else:
            self._say(Doing.IDLE, f"suggestions stand on {len(done.learned)} annotated texts")

    def _fail(self, problem: str, remedy: str) -> None:
        with self._changed:
            self._rests_until = time.monotonic() + self._retry_s
            self._next_after = 1
        self._say(Doing.FAILED, problem, remedy or "go on without; it is tried again with the next answers")

    def _say(self, doing: Doing, message: str, remedy: str = "") -> None:
        with self._changed:
            self._state = State(doing, message, remedy, datetime.now(UTC))
