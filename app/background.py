"""Long work beside the page: it goes on to its end although the person goes elsewhere."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import TypeVar

T = TypeVar("T")
M = TypeVar("M")
LOOK_EVERY_S = 0.1


def run_told(work: Callable[[Callable[[M], None]], T], hear: Callable[[M], None]) -> T:
    """Run `work` in a thread and return its result; `hear` gets in this thread what the work tells in its own.

    Streamlit stops a page's thread wherever it draws next: work that is paid for or writes must not stand in it.
    Raises what the work raises.
    """
    told: SimpleQueue[M] = SimpleQueue()
    with_one = ThreadPoolExecutor(max_workers=1, thread_name_prefix="allabel-work")
    try:
        future: Future[T] = with_one.submit(work, told.put)
        while not future.done():
            _pass_on(told, hear, LOOK_EVERY_S)
        while not told.empty():
            hear(told.get())
        return future.result()
    finally:
        with_one.shutdown(wait=False)


def _pass_on(told: "SimpleQueue[M]", hear: Callable[[M], None], wait_s: float) -> None:
    try:
        message = told.get(timeout=wait_s)
    except Empty:
        return
    hear(message)
