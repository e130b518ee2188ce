"""Work that is done again and again beside the people, after so many of their answers, and never in their way."""

import threading
import time
from collections.abc import Callable

from allabel.apart import StoppedError
from allabel.errors import AllabelError, InputError

# After a failure, answers ask for nothing for so long: a server that is down is not asked at every Enter.
RETRY_S = 60.0


class Beside:
    """Calls `work` in a thread, at first and whenever as many pokes came as it returned the last time.

    failed: hears of what `work` raised, as problem and remedy; the next poke after `retry_s` tries again.
    """

    def __init__(
        self, work: Callable[[], int], failed: Callable[[str, str], None], name: str, retry_s: float = RETRY_S
    ) -> None:
        self._work, self._failed, self._name, self._retry_s = work, failed, name, retry_s
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopped = False
        # Pokes since the last time; after how many to work again; whether to at once.
        self._n_pokes, self._after, self._at_once = 0, 1, True
        self._rests_until = 0.0

    def start(self) -> None:
        """Begin, with work at once; a second call does nothing."""
        with self._changed:
            if self._thread is None and not self._stopped:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def poke(self, *, at_once: bool = False) -> None:
        """Tell that something happened. at_once: work now, however few pokes there were."""
        with self._changed:
            self._n_pokes += 1
            self._at_once = self._at_once or at_once
            self._changed.notify_all()

    def stop(self, end_work: Callable[[], None]) -> None:
        """Let nothing begin any more, end what is under way by `end_work`, and wait for the thread."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        end_work()
        if self._thread is not None:
            self._thread.join()

    def _due(self) -> bool:
        if self._stopped or self._at_once:
            return True
        return self._n_pokes >= self._after and time.monotonic() >= self._rests_until

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._due)
                if self._stopped:
                    return
                self._n_pokes, self._at_once = 0, False
            try:
                after = self._work()
            except StoppedError:
                return
            except InputError as error:
                self._fail(error.problem, error.remedy)
            except AllabelError as error:
                self._fail(str(error), "")
            except Exception as error:  # noqa: BLE001  a page must not fall over for want of what is done beside it
                self._fail(f"{type(error).__name__}: {error}", "")
            else:
                with self._changed:
                    self._after = after

    def _fail(self, problem: str, remedy: str) -> None:
        with self._changed:
            self._rests_until, self._after = time.monotonic() + self._retry_s, 1
        self._failed(problem, remedy)
