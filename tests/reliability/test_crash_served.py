"""`allabel serve` killed while callers send annotations: what it answered 201 to is kept, and nothing twice."""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from crash_grounds import Ground
from crash_trials import SEED, Tally, moments, share, sound
from served import free_port, taught
from with_stores import DATABASES

from allabel.project import Project

pytestmark = [pytest.mark.slow, pytest.mark.enable_socket]
N_REQUESTS, N_CALLERS, EACH = 200, 3, 2
PART = 0.04
PROGRAM = "from allabel.cli import main; main()"
PATIENCE_S = 240.0


def ten(folder: Path) -> None:
    """Make a project with ten annotated texts."""
    taught(folder, 10)


@contextmanager
def serving(folder: Path, port: int, *more: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Start the server; on leaving it is gone."""
    command = [sys.executable, "-c", PROGRAM, "-p", str(folder), "serve", "--port", str(port), *more]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment) as server:
        try:
            yield server
        finally:
            server.kill()


def wait_until_ready(port: int, server: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        assert server.poll() is None, f"the server ended with {server.returncode}"
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise TimeoutError("the server is not ready")


def body(n: int) -> dict:
    """Return one request's documents: several, kept together or not at all."""
    texts = [f"zorblaxine{n}x{i} was added ." for i in range(EACH)]
    spans = [{"start": 0, "end": text.index(" "), "label": "Reagent"} for text in texts]
    return {"documents": [{"id": f"r{n}-{i}", "text": t, "entities": [spans[i]]} for i, t in enumerate(texts)]}


class Callers:
    """Several at once, each request with a key of its own; what is not answered is sent again by the next server."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/v1/annotations"
        self.todo: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.confirmed: set[int] = set()
        self.odd: list[str] = []
        for n in range(N_REQUESTS):
            self.todo.put(n)

    def work(self) -> list[threading.Thread]:
        """Start the callers; they end when all is answered or the server is gone."""
        threads = [threading.Thread(target=self._call, daemon=True) for _ in range(N_CALLERS)]
        for one in threads:
            one.start()
        return threads

    def _call(self) -> None:
        with httpx.Client(timeout=60) as api:
            while True:
                try:
                    n = self.todo.get_nowait()
                except queue.Empty:
                    return
                try:
                    answer = api.post(self._url, json=body(n), headers={"Idempotency-Key": f"k{n}"})
                except httpx.TransportError:
                    self.todo.put(n)
                    return
                if answer.status_code == 201:
                    self.confirmed.add(n)
                else:
                    self.odd.append(f"{n}: {answer.status_code} {answer.text[:200]}")


def wrong_in(folder: Path, callers: Callers) -> list[str]:
    """Return what was confirmed and is not there, what is there twice, and what is there in part."""
    with Project.open(folder) as project:
        kept = Counter(answer.doc_id for answer in project.store.answers() if answer.doc_id.startswith("r"))
    lost = [f"r{n}-{i}" for n in callers.confirmed for i in range(EACH) if f"r{n}-{i}" not in kept]
    twice = [id for id, n in kept.items() if n > 1]
    parts = Counter(id.split("-")[0] for id in kept)
    found = {
        "lost": lost,
        "doubled": twice,
        "in part": [id for id, n in parts.items() if n != EACH],
        "odd": callers.odd,
    }
    return [f"{what}: {ids}" for what, ids in found.items() if ids]


@pytest.mark.parametrize("database", DATABASES)
def test_what_a_killed_server_had_confirmed_is_kept_and_nothing_twice(
    database: str, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    tally, port = Tally("serve, POST annotations", database), free_port()
    with Ground(database, pytestconfig, tmp_path, ten) as ground:
        with ground.copy() as folder, serving(folder, port) as server:
            wait_until_ready(port, server)
            began, callers = time.monotonic(), Callers(port)
            for one in callers.work():
                one.join(PATIENCE_S)
            tally.took_s = time.monotonic() - began
        drawn = moments(tally)
        while tally.n_kills < share(PART):
            callers = Callers(port)
            with ground.copy() as folder:
                for n in range(4):
                    with serving(folder, port) as server:
                        wait_until_ready(port, server)
                        threads = callers.work()
                        if n < 3:
                            time.sleep(next(drawn))
                            tally.count(not callers.todo.empty(), tally.took_s)
                            server.kill()
                        for one in threads:
                            one.join(PATIENCE_S)
                    told = f"{tally.program} on {database}, after {tally.n_kills} kills, seed {SEED}"
                    tally.wrong += [f"{told}: {one}" for one in wrong_in(folder, callers) + sound(folder)]
                tally.n_rerun += 1
                tally.n_confirmed += len(callers.confirmed)
                if len(callers.confirmed) != N_REQUESTS:
                    tally.wrong.append(f"{told}: {len(callers.confirmed)} of {N_REQUESTS} were kept in the end")
    print(tally.line(), f"| confirmed {tally.n_confirmed}")
    assert tally.wrong == []


def test_a_killed_server_of_several_processes_frees_its_port(tmp_path: Path) -> None:
    folder, port = taught(tmp_path / "project", 10), free_port()
    with serving(folder, port, "--workers", "2") as server:
        wait_until_ready(port, server)
        server.kill()
        server.wait()
        until = time.monotonic() + 30
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5)
            except httpx.ConnectError:
                break
            except httpx.TransportError:
                pass  # cut off as it ended
            assert time.monotonic() < until, "a process outlived the one that began it, and answers"
            time.sleep(0.2)
    with serving(folder, port) as server:
        wait_until_ready(port, server)
        assert json.loads(httpx.get(f"http://127.0.0.1:{port}/v1/labels").text)["labels"]
