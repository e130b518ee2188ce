"""`allabel tag` of 500 texts, killed with SIGKILL again and again: nothing that was kept is asked for a second time."""

import asyncio
import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import faulty_server
import numpy as np
import pytest
from faulty_server import FaultyServer

from allabel.document import Annotation, DocId, Span
from allabel.store.store import Store
from allabel.tagging import MOST_UNWRITTEN

pytestmark = pytest.mark.enable_socket

N, N_ANNOTATED, AT_ONCE, N_KILLS = 500, 12, 16, 4
Run = Callable[..., Any]


def content_for(text: str) -> str:
    listed = [{"text": found, "label": "Chemical", "occurrence": 1} for found in re.findall(r"\w+Cl\b", text)]
    return json.dumps({"entities": listed})


class LoggingServer(FaultyServer):
    """Answers by the text alone, and notes which texts it has answered."""

    def __init__(self) -> None:
        super().__init__(delay_s=0.02)
        self.answered: list[str] = []

    async def _answer(self, writer: asyncio.StreamWriter, request: dict[str, Any]) -> None:
        n_before = len(self.requests)
        await super()._answer(writer, request)
        if len(self.requests) > n_before:
            self.answered.append(text_of(request))


def text_of(request: dict[str, Any]) -> str:
    return str(request["messages"][-1]["content"])


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoggingServer]:
    monkeypatch.setattr(faulty_server, "content_for", content_for)
    with LoggingServer() as scripted:
        yield scripted


def project(folder: Path, allabel: Run) -> Path:
    folder.mkdir()
    file = folder / "texts.jsonl"
    metals = ("Na", "K", "Rb", "Cs", "Ag", "Tl")
    texts = [f"{metals[i % 6]}Cl was weighed in step {i} ." for i in range(N + N_ANNOTATED)]
    lines = [json.dumps({"id": str(i), "text": text}) for i, text in enumerate(texts)]
    file.write_text("\n".join(lines), encoding="utf-8")
    allabel("init", folder / "project", "--labels", "Chemical")
    assert allabel("-p", folder / "project", "import", file).status == 0
    with Store.open(folder / "project" / "project.db") as store:
        shown = [(DocId(str(i)), (Span(0, texts[i].index(" "), "Chemical"),)) for i in range(N_ANNOTATED)]
        store.add_annotations([Annotation(id, spans, "a", "test", datetime.now(UTC)) for id, spans in shown])
    return folder / "project"


def command(folder: Path, server: LoggingServer) -> list[str]:
    asks = (
        "--backend",
        "chat",
        "--base-url",
        server.url,
        "--model",
        "m",
        "--form",
        "json",
        "--concurrency",
        str(AT_ONCE),
    )
    return ["-p", str(folder), "tag", "--rest", "-o", str(folder.parent / "out.jsonl"), *asks]


def killed(folder: Path, server: LoggingServer, after: int) -> set[str]:
    """Begin to tag, and kill that once the server has heard so many requests in all. Returns what it had answered."""
    program = [sys.executable, "-c", "from allabel.cli import main; main()", *command(folder, server)]
    with subprocess.Popen(program, stderr=subprocess.DEVNULL) as run:
        give_up = time.monotonic() + 120
        while len(server.requests) < after:
            assert run.poll() is None
            assert time.monotonic() < give_up
            time.sleep(0.002)
        answered = set(server.answered)
        run.kill()
    give_up = time.monotonic() + 5
    while server._at_once and time.monotonic() < give_up:
        time.sleep(0.01)
    return answered


def kept(folder: Path) -> set[str]:
    """Return the texts whose answers are on disk."""
    with closing(sqlite3.connect(folder / "project.db")) as database:
        rows = database.execute("SELECT text FROM calls JOIN documents ON documents.id = calls.doc_id")
        return {text for (text,) in rows}


def test_after_every_kill_the_next_run_asks_only_for_what_is_not_on_disk(
    tmp_path: Path, allabel: Run, server: LoggingServer
) -> None:
    rng = np.random.default_rng(int(os.environ.get("ALLABEL_TEST_SEED", "0")))
    moments = sorted(rng.choice(np.arange(40, N - 40), size=N_KILLS, replace=False).tolist())
    folder = project(tmp_path / "disturbed", allabel)
    n_lost, seen = list[int](), list[tuple[int, set[str]]]()
    for moment in moments:
        answered = killed(folder, server, after=moment)
        assert not (folder.parent / "out.jsonl").exists()
        on_disk = kept(folder)
        n_lost.append(len(answered - on_disk))
        seen.append((len(server.requests), on_disk))
    ended = allabel(*command(folder, server))
    assert ended.status == 0, ended.err
    asked = [text_of(request) for request in server.requests]
    for n_asked, on_disk in seen:
        assert on_disk
        assert not on_disk & set(asked[n_asked:])
    assert len(set(asked)) == N
    # Answered and lost: what was not committed yet, and what was on its way to us.
    assert max(n_lost) <= MOST_UNWRITTEN + AT_ONCE
    undisturbed = project(tmp_path / "undisturbed", allabel)
    assert allabel(*command(undisturbed, server)).status == 0
    assert (folder.parent / "out.jsonl").read_bytes() == (undisturbed.parent / "out.jsonl").read_bytes()
    n_repeated = len(asked) - len(set(asked))
    print(f"killed after {moments} requests: answered and not on disk {n_lost}; {n_repeated} asked for twice")
