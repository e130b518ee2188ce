"""Suggestions kept fresh for the texts that are next, while people annotate."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from allabel import jobs
from allabel.apart import Apart
from allabel.beside import RETRY_S, Beside
from allabel.errors import AllabelError
from allabel.refreshing import AHEAD, Learned, Refreshed

R = TypeVar("R")


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
        self.folder, self._flags, self._ahead = folder, dict(flags or {}), ahead
        self._apart, self._jobs = Apart(), Apart()
        self._beside = Beside(self._refresh, self._fail, "allabel-suggestions", retry_s)
        self._learned: Learned | None = None
        self._state = State(Doing.IDLE, "suggestions were not looked at yet", "", datetime.now(UTC))

    def start(self) -> None:
        """Begin, with a refresh at once; a second call does nothing."""
        self._beside.start()

    def stop(self) -> None:
        """End the thread and what it has under way; what was tagged is kept."""
        self._jobs.stop()
        self._beside.stop(self._apart.stop)
        self._say(Doing.STOPPED, "suggestions are not kept fresh any more")

    def poke(self, *, at_once: bool = False) -> None:
        """Tell that a text was answered or skipped. at_once: look now, as after a selection or new settings."""
        self._beside.poke(at_once=at_once)

    def state(self) -> State:
        """Return how the suggestions stand."""
        return self._state

    def refresh(self) -> int:
        """Make what is missing or old among the next texts now, and return how many texts got a suggestion.

        Waits for it. Raises what the work raised.
        """
        done = self._refreshed()
        if done.problem:
            self._fail(done.problem, "")
        return done.n_tagged

    def apart(self, job: Callable[[Path, dict[str, Any]], R]) -> R:
        """Return what one of `allabel.jobs` gives for this project, in a process of its own; waits for it.

        It waits for no refresh and none waits for it; several wait for each other. Raises what the work raised.
        """
        return self._jobs.call(job, self.folder, self._flags)

    def _refresh(self) -> int:
        self._say(Doing.WORKING, "suggestions for the next texts are being made")
        done = self._refreshed()
        if done.problem:
            raise AllabelError(done.problem)
        return done.next_after

    def _refreshed(self) -> Refreshed:
        done = self._apart.call(jobs.refresh_suggestions, self.folder, self._flags, self._learned, self._ahead)
        self._learned = done.learned
        if done.learned is None:
            begin = "a text is in the queue" if done.n_annotated else "the first text is annotated"
            self._say(Doing.IDLE, f"suggestions begin when {begin}")
        else:
            self._say(Doing.IDLE, f"suggestions stand on {len(done.learned)} annotated texts")
        return done

    def _fail(self, problem: str, remedy: str) -> None:
        self._say(Doing.FAILED, problem, remedy or "go on without; it is tried again with the next answers")

    def _say(self, doing: Doing, message: str, remedy: str = "") -> None:
        self._state = State(doing, message, remedy, datetime.now(UTC))
