"""Uvicorn around the application, in one process or many."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.supervisors import Multiprocess

from allabel.config import Serve
from allabel.listening import ended_by_signals
from allabel.server.asgi import VARIABLE

FIGURES = "PROMETHEUS_MULTIPROC_DIR"  # read where metrics are imported, which is in the processes alone

KEEP_ALIVE_S = 30


def serve(folder: Path, flags: dict[str, Any], settings: Serve) -> None:
    """Serve a project until SIGTERM or SIGINT; returns when the last answer is out."""
    os.environ[VARIABLE] = json.dumps([str(folder.absolute()), flags])
    config = uvicorn.Config(
        "allabel.server.asgi:app",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=round(settings.timeout_s) + 5,
    )
    if settings.workers == 1:
        with ended_by_signals():
            uvicorn.Server(config).run()
        return
    with tempfile.TemporaryDirectory(prefix="allabel-figures-") as figures:
        os.environ[FIGURES] = figures
        _Processes(config, [config.bind_socket()]).run()


class _Processes(Multiprocess):
    """Several processes that answer at one address."""

    def terminate_all(self) -> None:
        """Let them end; from now on they alone listen, so that nobody waits at a door behind which nobody is."""
        for socket in self.sockets:
            socket.close()
        super().terminate_all()
