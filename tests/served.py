"""A real server of a small project, on loopback in a thread of this process: what the tests of HTTP talk to."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import httpx
import uvicorn

from allabel.document import Document
from allabel.formats.registry import read_documents
from allabel.project import Project
from allabel.schema import LabelSchema
from allabel.server.app import make_app

CORPUS = Path(__file__).parents[1] / "eval" / "demo" / "data"


def sentences(file: str, n: int) -> list[Document]:
    """Return the first sentences of the shipped corpus, `pool` or `test`, with their gold."""
    return [record.document for record in islice(read_documents(CORPUS / f"{file}.jsonl"), n)]


def taught(folder: Path, n: int = 40) -> Path:
    """Make a project with so many annotated sentences."""
    with Project.create(folder, LabelSchema.read(CORPUS / "labels.toml")) as project:
        if n:
            records = islice(read_documents(CORPUS / "pool.jsonl"), n)
            project.import_records(records, CORPUS / "pool.jsonl", "annotations")
    return folder


def free_port() -> int:
    """Return a port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def served(folder: Path, *, wait: bool = True, **flags: object) -> Iterator[str]:
    """Serve a project; gives the address. wait: until it can tag."""
    config = uvicorn.Config(make_app(folder, flags), host="127.0.0.1", port=0, log_level="critical")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        _wait_for(lambda: server.started or not thread.is_alive())
        port = server.servers[0].sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        if wait:
            # One client for all the asking: to make one takes 20 ms of the processor that the server learns with.
            with httpx.Client() as api:
                _wait_for(lambda: api.get(f"{url}/readyz").status_code == 200)
        yield url
    finally:
        server.should_exit = True
        thread.join(30)


def _wait_for(condition, most_s: float = 180.0) -> None:
    until = time.monotonic() + most_s
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(f"the server was not ready within {most_s:g} s")
        time.sleep(0.05)
