"""Writes are all or nothing, wait for each other, and survive the death of their process."""

import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from allabel.document import Annotation, DocId, Document
from allabel.errors import StoreError
from allabel.store import Store

NOW = datetime(2026, 1, 2, tzinfo=UTC)
A = DocId("a")


def annotation(author: str) -> Annotation:
    return Annotation(A, (), author, "app", NOW)


def writer(place: str, author: str, n: int) -> "subprocess.Popen[str]":
    script = f"""
import sys
from datetime import UTC, datetime
from allabel.document import Annotation, DocId
from allabel.store import Store
with Store.open(sys.argv[1]) as store:
    for i in range({n}):
        store.add_annotations([Annotation(DocId("a"), (), f"{author}{{i}}", "app", datetime.now(UTC))])
        print(f"{author}{{i}}", flush=True)
"""
    return subprocess.Popen([sys.executable, "-c", script, place], stdout=subprocess.PIPE, text=True)


def test_several_writes_commit_together(store: Store, place: str) -> None:
    with Store.open(place) as other:
        with store.transaction():
            store.add_documents([Document(A, "x")])
            store.add_annotations([annotation("ada")])
            assert len(store.history(A)) == 1
            assert other.count() == 0
        assert len(other.history(A)) == 1


def test_an_exception_in_a_transaction_undoes_all_of_it(store: Store) -> None:
    def interrupted() -> None:
        with store.transaction():
            store.add_documents([Document(A, "x")])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert store.count() == 0
    assert store.add_documents([Document(A, "x")]) == 1


def test_a_write_that_fails_inside_a_transaction_leaves_the_others(store: Store) -> None:
    with store.transaction():
        store.add_documents([Document(A, "x")])
        with pytest.raises(StoreError):
            store.add_documents([*(Document(DocId(f"{i}"), "x") for i in range(2000)), Document(A, "y")])
        store.add_documents([Document(DocId("b"), "x")])
    assert [d.id for d in store.documents()] == ["a", "b"]


def test_threads_share_a_store_and_lose_nothing(store: Store) -> None:
    store.add_documents([Document(A, "x")])

    def write(author: str) -> None:
        for i in range(20):
            with store.transaction():
                store.add_annotations([annotation(f"{author}{i}")])
                store.history(A)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, "pqrs"))
    assert {x.author for x in store.history(A)} == {f"{name}{i}" for name in "pqrs" for i in range(20)}


def test_two_processes_write_at_once_and_lose_nothing(store: Store, place: str) -> None:
    store.add_documents([Document(A, "x")])
    processes = [writer(place, name, 30) for name in "pq"]
    confirmed = {line for process in processes for line in process.communicate()[0].split()}
    assert [process.returncode for process in processes] == [0, 0]
    assert confirmed == {x.author for x in store.history(A)} == {f"{name}{i}" for name in "pq" for i in range(30)}


def test_a_killed_process_loses_no_confirmed_annotation(place: str) -> None:
    with Store.open(place) as store:
        store.add_documents([Document(A, "x")])
    process = writer(place, "p", 100_000)
    assert process.stdout is not None
    confirmed = [process.stdout.readline().strip() for _ in range(25)]
    process.send_signal(signal.SIGKILL)
    confirmed += process.communicate()[0].split("\n")[:-1]
    assert process.returncode == -signal.SIGKILL
    with Store.open(place) as store:
        kept = [x.author for x in store.history(A)]
        assert store.check() == []
    assert kept[: len(confirmed)] == confirmed
    assert len(kept) - len(confirmed) <= 1


def test_a_writer_that_does_not_finish_is_named_with_a_remedy(file_store: Store, path: Path) -> None:
    file_store.add_documents([Document(A, "x")])
    with closing(sqlite3.connect(path, isolation_level=None)) as other, Store.open(path, busy_timeout_s=0.1) as waiting:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another program is writing") as caught:
            waiting.add_annotations([annotation("ada")])
        assert caught.value.remedy
        assert caught.value.file == str(path)
        assert waiting.count() == 1
        other.execute("ROLLBACK")
        waiting.add_annotations([annotation("ada")])


def test_every_connection_syncs_fully_logs_ahead_and_holds_references(file_store: Store) -> None:
    with file_store._database.write() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
