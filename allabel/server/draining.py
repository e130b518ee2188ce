"""A stop that leaves no request without an answer: callers are told before the doors close."""

import asyncio
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

# While it stops, every answer says so for so long: callers with an open connection go elsewhere before it closes.
DRAIN_S = 0.5


def drain_first(draining: Callable[[], None]) -> None:
    """Have `draining` called when the process is told to stop, and stop DRAIN_S later; to be called in its event loop.

    Outside of the main thread, as in tests, nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        stop = signal.getsignal(number)
        if not callable(stop):
            continue

        def told(sig: int, frame: FrameType | None, stop: Callable[..., Any] = stop) -> None:
            draining()
            loop.call_soon_threadsafe(_close_door, stop)
            loop.call_soon_threadsafe(loop.call_later, DRAIN_S, stop, sig, frame)

        signal.signal(number, told)


def _close_door(stop: Callable[..., Any]) -> None:
    """Let nobody new in, at once: `stop` is a method of uvicorn's server, which knows where it listens.

    Were it done at the end, those who came last would be let in and put out again without an answer.
    """
    for listening in getattr(getattr(stop, "__self__", None), "servers", ()):
        listening.close()
