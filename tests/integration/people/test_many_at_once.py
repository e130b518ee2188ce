"""Several people at once, in threads and in processes that are killed: nothing is lost, doubled or overwritten."""

import signal
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from people_at_work import SALT, answer, desk, queue

from allabel.document import DocId
from allabel.people.desk import ConflictError
from allabel.store import Store

N_PEOPLE, N_SAVES = 8, 25


def test_eight_people_save_at_once_and_each_text_once(store: Store) -> None:
    ids = [f"{i:03}" for i in range(N_PEOPLE * N_SAVES)]
    queue(store, ids)
    together = threading.Barrier(N_PEOPLE)

    def work(name: str) -> list[str]:
        mine, done = desk(store, name), list[str]()
        together.wait()
        while len(done) < N_SAVES:
            task = mine.next()
            assert task is not None
            saved = answer(task.document.id, SALT, on=task.version, save_id=f"{name}-{len(done)}")
            mine.save(saved)
            # A page that heard nothing sends it again.
            mine.save(saved)
            done.append(task.document.id)
        return done

    with ThreadPoolExecutor(N_PEOPLE) as threads:
        done = list(threads.map(work, [f"p{i}" for i in range(N_PEOPLE)]))
    assert sorted(id for one in done for id in one) == ids
    kept = store.answers()
    assert Counter(a.doc_id for a in kept) == Counter(map(DocId, ids))
    assert Counter(a.author for a in kept) == {f"p{i}": N_SAVES for i in range(N_PEOPLE)}


def test_all_save_the_same_text_at_once_and_one_is_first(store: Store) -> None:
    queue(store, "a")
    together = threading.Barrier(N_PEOPLE)

    def work(name: str) -> str:
        mine = desk(store, name)
        together.wait()
        try:
            mine.save(answer("a", SALT, save_id=name))
        except ConflictError as conflict:
            return conflict.theirs.author
        return ""

    with ThreadPoolExecutor(N_PEOPLE) as threads:
        said = list(threads.map(work, [f"p{i}" for i in range(N_PEOPLE)]))
    (first,) = store.history(DocId("a"))
    assert sorted(said) == ["", *[first.author] * (N_PEOPLE - 1)]


SCRIPT = """
import sys
sys.path.insert(0, sys.argv[3])
from people_at_work import desk, answer
from allabel.store import Store
with Store.open(sys.argv[1]) as store:
    mine = desk(store, sys.argv[2])
    while task := mine.next():
        save_id = f"{sys.argv[2]}:{task.document.id}"
        print("begin", save_id, flush=True)
        mine.save(answer(task.document.id, on=task.version, save_id=save_id))
        print("kept", save_id, flush=True)
"""


def test_a_program_killed_while_saving_loses_nothing_it_confirmed_and_doubles_nothing(store: Store, place: str) -> None:
    queue(store, [f"{i:03}" for i in range(300)])
    begun, confirmed = set[str](), set[str]()
    for n_round in range(3):
        command = [sys.executable, "-c", SCRIPT, place, "ada", str(Path(__file__).parents[2])]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(21 + 10 * n_round)]
            process.send_signal(signal.SIGKILL)
            lines += process.stdout.readlines()
        for line in lines:
            if line.endswith("\n"):
                what, save_id = line.split()
                (begun if what == "begin" else confirmed).add(save_id)
    assert len(confirmed) > 30
    kept = [a.save_id for a in store.answers()]
    assert len(kept) == len(set(kept)) == len({a.doc_id for a in store.answers()})
    assert confirmed <= set(kept) <= begun
    # What was begun and not heard of is sent again by the page: it is kept once.
    mine = desk(store, "ada")
    for save_id in begun:
        mine.save(answer(save_id.split(":")[1], save_id=save_id))
    assert sorted(a.save_id for a in store.answers()) == sorted(begun)
    assert store.check() == []
