"""Sixteen write over HTTP at once: what was confirmed is kept once, and one order explains all that was seen."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from concurrent_history import Read, Write, order_problems, read_problems, unseen_s
from http_writers import LABEL, NO_TLS, Notes, Writer
from served import free_port
from with_stores import empty_store

from allabel.project import Project
from allabel.schema import LabelSchema
from allabel.server.keys import Keys, Scope
from allabel.store import Store

# `make concurrency` asks for more.
SECONDS = float(os.environ.get("ALLABEL_CONCURRENCY_S", "1"))
N_WRITERS = 16
# What one process keeps, another one shows so many seconds later at most; on a machine with more to do than it can.
LATE_S = 30.0
pytestmark = pytest.mark.enable_socket


@contextmanager
def serving(folder: Path, place: str, workers: int) -> Iterator[str]:
    """Run `allabel serve` on a project whose store is at a place; gives the address."""
    port = free_port()
    command = ["-p", str(folder), "serve", "--port", str(port), "--workers", str(workers)]
    command += ["--backend", "quiet_backend:Quiet"]
    paths = [str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    here = os.environ | {"ALLABEL_DATABASE": place, "PYTHONPATH": os.pathsep.join(paths)}
    code = "from allabel.cli import main; main()"
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([sys.executable, "-c", code, *command], env=here, stderr=log)
    try:
        until = time.monotonic() + 120
        while not _answers(port):
            assert server.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < until, "the server does not come up"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        assert server.wait(60) == 0


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=10, verify=NO_TLS).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


@pytest.mark.parametrize(
    ("database", "workers"),
    [
        ("sqlite", 1),
        pytest.param("sqlite", 2, marks=pytest.mark.slow),
        pytest.param("postgresql", 1, marks=pytest.mark.slow),
        pytest.param("postgresql", 2, marks=pytest.mark.slow),
    ],
)
def test_one_order_explains_what_sixteen_writers_over_http_saw(
    database: str, workers: int, pytestconfig: pytest.Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with empty_store(database, pytestconfig, tmp_path) as place:
        url = place if database == "postgresql" else f"sqlite:///{place}"
        monkeypatch.setenv("ALLABEL_DATABASE", url)
        Project.create(tmp_path / "p", LabelSchema.of([LABEL])).close()
        with Store.open(place) as store:
            scopes = [Scope.TAG, Scope.READ, Scope.ANNOTATE]
            tokens = [Keys(store).add(f"writer {n}", scopes)[1] for n in range(N_WRITERS)]
            with serving(tmp_path / "p", url, workers) as address:
                notes = work(address, tokens)
                ended = jobs_of(address, tokens, notes)
            tell(database, workers, notes)
            assert [wrong for one in notes for wrong in one.wrong] == []
            rows = check_answers(store, notes, one_process=workers == 1)
            assert len(rows) > N_WRITERS
            check_jobs(notes, ended)
            assert store.check() == []


def work(address: str, tokens: list[str]) -> list[Notes]:
    """Let the writers work for the time that there is."""
    until = time.monotonic() + SECONDS
    writers = [Writer(n, address, token, lambda: time.monotonic() > until) for n, token in enumerate(tokens)]
    for one in writers:
        one.start()
    for one in writers:
        one.join(SECONDS + 180)
        assert not one.is_alive(), f"writer {one.n} got no answer"
    return [one.notes for one in writers]


def check_answers(store: Store, notes: list[Notes], *, one_process: bool) -> dict[int, str]:
    """Check that each confirmed write is kept once, and that one order explains writes and reads."""
    there = store.answers()
    numbers = {one.save_id: one.seq or 0 for one in there}
    kept = [one for some in notes for one in some.kept]
    expected = {f"{one.key}:{n}": (id, len(one.entities)) for one in kept for n, id in enumerate(one.ids)}
    assert {a.save_id: (a.doc_id, len(a.entities)) for a in there} == expected
    assert len(there) == len(expected)
    writes = []
    for one in kept:
        seqs = [numbers[f"{one.key}:{n}"] for n in range(len(one.ids))]
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs))), "what was kept together has neighbouring numbers"
        writes.append(Write(one.begin, one.end, seqs[0], seqs[-1]))
    assert order_problems(writes) == []
    rows = {one.seq or 0: str(one.doc_id) for one in there}
    # That an answer was seen which nobody gave shows as a key that is not here.
    by_mark = {(str(a.doc_id), tuple(span.start for span in a.entities)): a.seq or 0 for a in there}
    reads = [
        Read(one.begin, one.end, {id: by_mark[id, one.seen[id]] if id in one.seen else 0 for id in rows.values()})
        for some in notes
        for one in some.seen
    ]
    if one_process:
        assert read_problems(rows, writes, reads) == []
    else:
        # A caller has several connections, which may lead to several processes: each read is by itself.
        later = [Write(one.begin, one.end + LATE_S, one.first, one.last) for one in writes]
        assert [problem for read in reads for problem in read_problems(rows, later, [read])] == []
        unseen = max((unseen_s(rows, writes, read) for read in reads), default=0.0)
        print(f"a confirmed answer was seen by every process after {unseen:.2f} s at most")
    return rows


def jobs_of(address: str, tokens: list[str], notes: list[Notes]) -> dict[str, tuple[dict, list[str]]]:
    """Wait for the jobs to end; return how each ended and the ids of its lines."""
    ended = {}
    until = time.monotonic() + 120
    for token, one in zip(tokens, notes, strict=True):
        with httpx.Client(base_url=address, headers={"X-API-Key": token}, timeout=60, verify=NO_TLS) as api:
            for id in sorted(id for job in one.jobs for id in job.ids):
                while (job := api.get(f"/v1/jobs/{id}").json())["state"] in ("queued", "running"):
                    assert time.monotonic() < until, job
                    time.sleep(0.05)
                lines = api.get(f"/v1/jobs/{id}/result?partial=true").text.splitlines()
                ended[id] = (job, [json.loads(line)["id"] for line in lines])
    return ended


def check_jobs(notes: list[Notes], ended: dict[str, tuple[dict, list[str]]]) -> None:
    """Check that each was made once, went on and never back, and has a line for each text that is counted."""
    order = ["queued", "running", "done", "cancelled"]
    for job in (job for one in notes for job in one.jobs):
        assert len(job.ids) == 1, "handed in twice under one key"
        told, lines = ended[min(job.ids)]
        assert told["n_texts"] == job.n_texts
        assert lines == [f"j{n}" for n in range(told["n_done"])]
        assert (told["state"] == "done") == (told["n_done"] == job.n_texts)
        states = [*job.states, (told["state"], told["n_done"])]
        assert states == sorted(states, key=lambda state: (order.index(state[0]), state[1]))


def tell(database: str, workers: int, notes: list[Notes]) -> None:
    """Print what was done, for who asked for a long run."""
    ends = sum((one.ends for one in notes), Counter())
    n_kept, n_seen = sum(len(one.kept) for one in notes), sum(len(one.seen) for one in notes)
    print(f"\n{database}, {workers} process(es), {SECONDS:g} s: {n_kept:,} writes confirmed, {n_seen:,} reads of all")
    print(", ".join(f"{what}: {n:,}" for what, n in sorted(ends.items())))
