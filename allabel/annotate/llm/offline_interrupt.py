"""Ctrl-C in a loop that hands answers over: noted at once, obeyed between two answers."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interruption() -> Iterator[Callable[[], bool]]:
    """Give what tells whether Ctrl-C was pressed meanwhile; pressed again, it interrupts wherever the program stands.

    Where this is not the main thread, or somebody else minds Ctrl-C, it is left to them.
    """
    minded = signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    if minded or threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    pressed = False

    def note(_signal: int, _frame: FrameType | None) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True

    signal.signal(signal.SIGINT, note)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
