"""Sixteen work on one store from several processes: at pages of the app, on jobs; one order explains all of it."""

import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from concurrent_history import Hold, Read, Write, hold_problems, order_problems, read_problems
from people_at_work import queue
from sqlalchemy import select
from with_stores import SERVER_IF_SLOW, empty_store

from allabel.document import Annotation, DocId
from allabel.errors import InputError
from allabel.people.drawn import double
from allabel.server.job_store import JobStore, State
from allabel.server.keys import Keys, Scope
from allabel.store import Store
from allabel.store.tables import jobs as job_table

# `make concurrency` asks for more.
SECONDS = os.environ.get("ALLABEL_CONCURRENCY_S", "1")
LEASE_S, SHARE = 0.4, 0.3
# Desks go by the time of day, notes by a clock that only goes on.
SLACK_S = 0.02
N_PROCESSES = 2
# Sixteen pages; two people have two of them.
TABS = [*(f"p{n}" for n in range(14)), "p0/2", "p3/2"]
HERE = Path(__file__).parent
Said = dict[str, Any]


@pytest.fixture(params=SERVER_IF_SLOW)
def place(request: pytest.FixtureRequest, pytestconfig: pytest.Config, tmp_path: Path) -> Iterator[str]:
    with empty_store(request.param, pytestconfig, tmp_path) as made:
        yield made


@pytest.fixture
def store(place: str) -> Iterator[Store]:
    with Store.open(place) as opened:
        yield opened


def at_once(script: str, place: str, *options: str, names: list[str]) -> list[Said]:
    """Run a script in several processes that begin together, each with some of the names; return what they noted."""
    paths = os.pathsep.join([str(HERE), str(HERE.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    running = [
        subprocess.Popen(
            [sys.executable, str(HERE / script), place, SECONDS, *options, *names[n::N_PROCESSES]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": paths},
        )
        for n in range(N_PROCESSES)
    ]
    try:
        assert [one.stdout.readline() for one in running] == ["ready\n"] * N_PROCESSES
        with ThreadPoolExecutor() as threads:
            told = list(threads.map(lambda one: one.communicate("go\n", timeout=float(SECONDS) + 240)[0], running))
    finally:
        for one in running:
            one.kill()
            one.wait()
    notes = [json.loads(line) for some in told for line in some.splitlines()]
    assert [note for note in notes if "error" in note] == []
    return notes


def test_one_order_explains_what_sixteen_pages_did_and_saw(store: Store, place: str, request) -> None:
    queue(store, [f"t{n:02}" for n in range(24)])
    notes = at_once("desk_writers.py", place, str(LEASE_S), str(SHARE), names=TABS)
    there = store.answers()
    saves = [note for note in notes if note["act"] == "save" and note["said"] == "yes"]
    tell(request, notes, there)
    # All that was confirmed is there once, and nothing else.
    assert Counter(a.save_id for a in there) == Counter({note["save_id"] for note in saves})
    assert {(note["save_id"], note["seq"], note["who"], note["doc_id"]) for note in saves} == {
        (a.save_id, a.seq, a.author, a.doc_id) for a in there
    }
    assert nobody_wrote_over_what_they_had_not_seen(there) == []
    writes, rows = writes_of(saves), {a.seq or 0: seen_as(a.doc_id, a.author) for a in there}
    assert order_problems(writes) == []
    reads = [
        Read(note["begin"], note["end"], {seen_as(note["doc_id"], note["who"]): note["seq"]})
        for note in notes
        if (note["act"] == "take" and note["doc_id"] and note["said"] == "yes") or note["said"] == "conflict"
    ]
    assert read_problems(rows, writes, reads) == []
    seats = {note["doc_id"]: 2 if double(DocId(note["doc_id"]), SHARE) else 1 for note in notes}
    assert hold_problems(text_holds(notes, there), seats) == []
    assert store.check() == []


def seen_as(doc_id: str, who: str) -> str:
    """A doubled text has answers that only their author sees: they are documents of their own to the checker."""
    return f"{doc_id} of {who}" if double(DocId(doc_id), SHARE) else doc_id


def nobody_wrote_over_what_they_had_not_seen(there: list[Annotation]) -> list[str]:
    latest: dict[str, int] = {}
    found = []
    for one in there:
        key = seen_as(one.doc_id, one.author)
        if one.based_on != latest.get(key, 0):
            found.append(f"answer {one.seq} is based on {one.based_on}, and there was {latest.get(key, 0)}")
        latest[key] = one.seq or 0
    return found


def writes_of(saves: list[Said]) -> list[Write]:
    """Each answer once, from the first time it was sent to the first time it was confirmed."""
    by_seq = defaultdict(list)
    for note in saves:
        by_seq[note["seq"]].append(note)
    return [
        Write(min(note["begin"] for note in its), min(note["end"] for note in its), seq, seq)
        for seq, its in by_seq.items()
    ]


def text_holds(notes: list[Said], there: list[Annotation]) -> list[Hold]:
    """Through which times a text was certainly a person's, and no longer than that."""
    own = {(a.author, str(a.doc_id)): a.seq or 0 for a in there}
    by_both = defaultdict(list)
    for note in notes:
        by_both[note["who"], note["doc_id"]].append(note)
    holds = []
    for (who, doc_id), its in by_both.items():
        given = [note for note in its if note["act"] in ("save", "skip", "release") and note["said"] == "yes"]
        for note in its:
            # A draft from before one's own answer is told to be kept, and renews nothing.
            late = note["act"] == "draft" and own.get((who, doc_id), 0) > note["based_on"]
            if note["act"] in ("take", "draft") and note["said"] == "yes" and doc_id and not late:
                ends = [give["begin"] for give in given if give["end"] > note["begin"]]
                holds.append(Hold(doc_id, who, note["end"], min([note["begin"] + LEASE_S - SLACK_S, *ends])))
    return holds


def test_sixteen_owners_never_have_a_job_at_once_and_keep_each_line_once(store: Store, place: str, request) -> None:
    owners = [f"o{n}" for n in range(16)]
    notes = at_once("job_writers.py", place, str(LEASE_S), names=owners)
    tell(request, notes, [])
    assert hold_problems(job_holds(notes), {}) == []
    jobs, kept = JobStore(store, "checker"), defaultdict(dict)
    for note in notes:
        if note["act"] == "keep" and note["said"]:
            for n in note["numbers"]:
                assert n not in kept[note["job"]], "two were told that they kept it"
                kept[note["job"]][n] = note["by"]
    with store.reads() as connection:
        ids = connection.execute(select(job_table.c.id)).scalars().all()
    assert len(ids) > 3
    for id in ids:
        job = jobs.get(id, "lab")
        assert job is not None
        assert {n: line["by"] for n, line in jobs.lines(id, -1, 100)} == kept[id]
        assert job.n_done == len(kept[id])
        assert (job.state is State.DONE) == (job.n_done == job.n_texts)


def job_holds(notes: list[Said]) -> list[Hold]:
    by_both = defaultdict(list)
    for note in notes:
        by_both[note["who"], note["job"]].append(note)
    holds = []
    for (who, job), its in by_both.items():
        for note in its:
            if note["act"] in ("claim", "renew") and note["said"]:
                # The next thing may end it: the last line kept does.
                ends = [other["begin"] for other in its if other["begin"] > note["begin"]]
                holds.append(Hold(job, who, note["end"], min([note["begin"] + LEASE_S - SLACK_S, *ends])))
    return holds


def test_sixteen_who_add_a_key_of_one_name_get_one(store: Store) -> None:
    def add(_: int) -> str:
        try:
            return Keys(store).add("lab", [Scope.TAG])[1]
        except InputError:
            return ""

    for n in range(3):
        with ThreadPoolExecutor(16) as threads:
            (token,) = filter(None, threads.map(add, range(16)))
        assert Keys(store).check(token) is not None
        Keys(store).revoke("lab")
        assert len(Keys(store).all()) == n + 1


def tell(request: pytest.FixtureRequest, notes: list[Said], there: list[Annotation]) -> None:
    """Print what was done, for who asked for a long run."""
    did = Counter(f"{note['act']} {note['said']}" for note in notes)
    print(f"\n{request.node.name}, {SECONDS} s: {len(notes):,} calls, {len(there):,} answers kept")
    print(", ".join(f"{what}: {n:,}" for what, n in sorted(did.items())))
