"""What each worker process of `allabel serve` runs; it learns by a variable which project it serves."""

import json
import os
import signal
import threading
from multiprocessing import parent_process
from pathlib import Path

from fastapi import FastAPI

from allabel.discreet import be_discreet
from allabel.server.app import make_app
from allabel.server.heap import share_one_heap

VARIABLE = "ALLABEL_SERVED"


def app() -> FastAPI:
    """Return the application of the project that the variable names."""
    be_discreet()
    share_one_heap()
    _end_with_parent()
    folder, flags = json.loads(os.environ[VARIABLE])
    return make_app(Path(folder), flags)


def _end_with_parent() -> None:
    """End when the process that began this one is gone, be it killed: else this one would keep the port from the next.

    Answers that are under way go out first. The one process of a server that has no other was begun by nobody of ours.
    """
    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="allabel-parent", daemon=True).start()
