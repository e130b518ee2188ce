"""A real vLLM server that is killed in the middle of a run, and started again or not."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from with_vllm import SERVE, wait

from allabel.annotate.llm.forms.json_form import JsonForm
from allabel.schema import LabelSchema

pytestmark = [pytest.mark.vllm, pytest.mark.enable_socket]

N, AT_ONCE = 60, 4
Run = Callable[..., Any]
Rows = list[dict[str, Any]]


class ShortForm(JsonForm):
    """Asks a model of noise for less than it reads, so that no answer reaches a bound."""

    def json_schema(self, schema: LabelSchema, text: str = "") -> dict[str, Any]:
        return JsonForm(1, 4, 9).json_schema(schema)


class Server:
    """A vLLM server with random weights on one port, as often as it is started."""

    def __init__(self, log: Path) -> None:
        self._log = log
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it where it does not run."""
        if self._process is not None:
            return
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(SERVE), "--tiny", str(self.port)],
                stdout=log,
                stderr=log,
                start_new_session=True,
                # Not bound to the core on which the lane's other server sits.
                env={**os.environ, "VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_CPU_OMP_THREADS_BIND": "nobind"},
            )

    def ready(self) -> None:
        assert self._process is not None
        assert wait(f"http://127.0.0.1:{self.port}/health", self._process), self._log.read_text()[-2000:]

    def kill(self) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(timeout=60)
            self._process = None

    @property
    def n_answers(self) -> int:
        """How many completions it says to have given, the canaries' included, over all its lives."""
        said = self._log.read_text(encoding="utf-8", errors="replace")
        return said.count('"POST /v1/chat/completions HTTP/1.1" 200')


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if not SERVE.exists():
        pytest.skip(f"there is no {SERVE}")
    made = Server(tmp_path_factory.mktemp("server") / "vllm.log")
    try:
        yield made
    finally:
        made.kill()


def project(folder: Path, allabel: Run) -> Path:
    texts = folder / "texts.jsonl"
    lines = [json.dumps({"id": str(i), "text": f"NaCl was weighed in step {i} ."}) for i in range(N)]
    texts.write_text("\n".join(lines), encoding="utf-8")
    allabel("init", folder / "project", "--labels", "Chemical,Disease")
    assert allabel("-p", folder / "project", "import", texts).status == 0
    return folder / "project"


class Tagging:
    """`allabel tag` of the whole project in a process of its own."""

    def __init__(self, folder: Path, server: Server, patience_s: float) -> None:
        self._folder, self._out = folder, folder.parent / "out.jsonl"
        settings = ("--form", "test_vllm_restart:ShortForm", "--concurrency", str(AT_ONCE))
        command = ("-p", str(folder), "tag", "--rest", "--backend", "chat", "--base-url", server.url, "--model", "tiny")
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "ALLABEL_PATIENCE_S": str(patience_s),
            "ALLABEL_RETRIES": "3",
        }
        self._run = subprocess.Popen(
            [sys.executable, "-c", "from allabel.cli import main; main()", *command, *settings, "-o", str(self._out)],
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def until(self, n: int) -> None:
        """Wait until so many answers are in the journal."""
        give_up = time.monotonic() + 120
        while len(journal(self._folder)) < n:
            assert time.monotonic() < give_up
            assert self._run.poll() is None, self._run.communicate()[1]
            time.sleep(0.05)

    def ended(self) -> tuple[int, Rows, str]:
        """Return how it ended: status, tagged documents, and what it said."""
        _, said = self._run.communicate(timeout=900)
        return self._run.returncode, [json.loads(line) for line in self._out.read_text().splitlines()], said


def journal(folder: Path) -> list[tuple[str, str, int]]:
    """Return every call: document, status, number of requests."""
    with closing(sqlite3.connect(folder / "project.db")) as database:
        return database.execute("SELECT doc_id, status, n_attempts FROM calls ORDER BY seq").fetchall()


def answered(folder: Path) -> list[str]:
    """Return the documents of the calls that were answered, in order."""
    return [id for id, status, _ in journal(folder) if status != "failed"]


def killed_in_the_middle(
    tmp_path: Path, allabel: Run, server: Server, *, patience_s: float
) -> tuple[Tagging, Path, int]:
    """Kill the server after the first answers: the run, its project, and the server's count of answers before it."""
    folder = project(tmp_path, allabel)
    server.start()
    server.ready()
    n_before = server.n_answers
    run = Tagging(folder, server, patience_s=patience_s)
    run.until(10)
    server.kill()
    return run, folder, n_before


def test_a_server_killed_and_started_again_in_the_middle_costs_no_text_and_no_answer(
    tmp_path: Path, allabel: Run, server: Server
) -> None:
    run, folder, n_before = killed_in_the_middle(tmp_path, allabel, server, patience_s=600)
    before = answered(folder)
    assert 10 <= len(before) < N
    server.start()
    status, rows, said = run.ended()
    assert status == 0, said
    assert [row["status"] for row in rows] == ["ok"] * N
    # In the journal each text was answered once; by the server's own count too, but for those that the kill cut off.
    assert sorted(answered(folder), key=int) == [str(i) for i in range(N)]
    assert sum(n for *_, n in journal(folder)) > N  # those under way were sent again
    assert N + 1 <= server.n_answers - n_before <= N + 1 + AT_ONCE


def test_a_server_that_stays_away_fails_the_rest_with_the_reason_and_a_rerun_asks_for_these_alone(
    tmp_path: Path, allabel: Run, server: Server
) -> None:
    run, folder, n_before = killed_in_the_middle(tmp_path, allabel, server, patience_s=2)
    status, rows, said = run.ended()
    assert status == 1
    assert "the server gave no answer for 2 s" in said
    before = answered(folder)
    n_failed = sum(row["status"] == "failed" for row in rows)
    assert (len(before), n_failed) == (len(set(before)), N - len(before))
    assert {row["status"] for row in rows} == {"ok", "failed"}
    assert all("the server gave no answer for 2 s" in row["error"] for row in rows if row["status"] == "failed")
    server.start()
    server.ready()
    status, rows, said = Tagging(folder, server, patience_s=60).ended()
    assert status == 0, said
    assert [row["status"] for row in rows] == ["ok"] * N
    assert f"{len(before)} answers were there from before" in said
    assert sorted(answered(folder), key=int) == [str(i) for i in range(N)]
    assert N + 2 <= server.n_answers - n_before <= N + 2 + AT_ONCE
