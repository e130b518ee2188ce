"""Signing in before strangers: guesses at many moments, names and addresses; and what the time of an answer tells."""

import os
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from people_at_work import HASHER, Clock
from sqlalchemy import func, select

from allabel.people import hashing
from allabel.people.accounts import Accounts
from allabel.people.errors import SignInError
from allabel.people.hashing import Passwords, turn
from allabel.people.roles import Role
from allabel.people.slowing import FREE, FREE_AN_ADDRESS
from allabel.server.keys import Keys, Scope
from allabel.store import Store
from allabel.store.tables import failures

WORD = "correct horse battery"
# Guesses of each kind whose times are compared; ALLABEL_TIMINGS=200 for the figures of docs/reliability.md.
N = int(os.environ.get("ALLABEL_TIMINGS", "12"))


class Counting(PasswordHasher):
    """Counts what it works out, and how much of it at once."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.n = self.most = self._now = 0
        self._lock = threading.Lock()

    def _work(self, pause_s: float = 0.0) -> None:
        with self._lock:
            self.n, self._now = self.n + 1, self._now + 1
            self.most = max(self.most, self._now)
        time.sleep(0.02)
        with self._lock:
            self._now -= 1

    def hash(self, password, *, salt=None):
        self._work()
        return super().hash(password, salt=salt)

    def verify(self, hash, password):  # noqa: A002  as argon2 names it
        self._work()
        return super().verify(hash, password)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.create(tmp_path / "project.db") as made:
        yield made


@pytest.fixture
def clock() -> Clock:
    return Clock()


def guess(accounts: Accounts, name: str, password: str = "a guess", address: str | None = None) -> str:
    with pytest.raises(SignInError) as caught:
        accounts.sign_in(name, password, address)
    return str(caught.value)


def test_a_name_that_nobody_has_costs_as_much_work_as_one_that_somebody_has(store: Store, clock: Clock):
    """One hash each, also in the first guess at a page that was just opened."""
    Accounts(store, 12, clock, HASHER).add("ann", Role.ANNOTATOR, WORD)
    Accounts(store, 12, clock, HASHER).add("oidc@lab.org", Role.ANNOTATOR, None)
    worked = {}
    for name in ("ann", "nobody", "oidc@lab.org", "x" * 5000, "a\nb", ""):
        counting = Counting()
        guess(Accounts(store, 12, clock, counting), name)
        worked[name[:10]] = counting.n
    assert set(worked.values()) == {1}, worked


@pytest.mark.slow
def test_the_time_of_an_answer_does_not_tell_whether_there_is_such_a_name(store: Store, clock: Clock):
    """With argon2's own costs. The medians of both, in turns, lie closer together than half of either."""
    Accounts(store, 12, clock).add("ann", Role.ANNOTATOR, WORD)
    took: dict[str, list[float]] = {"ann": [], "nobody": []}
    for n in range(N):
        for name in sorted(took, reverse=n % 2 == 0):
            clock.pass_minutes(2)
            accounts = Accounts(store, 12, clock)
            began = time.process_time()
            guess(accounts, name)
            took[name].append(time.process_time() - began)
    medians = {name: statistics.median(some) for name, some in took.items()}
    quartiles = {name: [round(q * 1000, 1) for q in statistics.quantiles(some)] for name, some in took.items()}
    print(f"password checks, {N} each, processor ms by quartile: {quartiles}")
    assert max(medians.values()) < 1.5 * min(medians.values()), medians


@pytest.mark.slow
def test_the_time_of_an_answer_does_not_tell_whether_there_is_such_a_key(store: Store):
    keys = Keys(store)
    key, token = keys.add("lab", [Scope.TAG])
    tokens = {"an id there is": f"alb_{key.id}_{'x' * 43}", "one there is not": f"alb_{'0' * 12}_{'x' * 43}"}
    keys.check(token)
    took: dict[str, list[float]] = {name: [] for name in tokens}
    for n in range(20 * N):
        for name in sorted(took, reverse=n % 2 == 0):
            began = time.process_time()
            assert keys.check(tokens[name]) is None
            took[name].append(time.process_time() - began)
    quartiles = {name: [round(q * 1e6) for q in statistics.quantiles(some)] for name, some in took.items()}
    print(f"key checks, {20 * N} each, processor us by quartile: {quartiles}")
    low, high = sorted(statistics.median(some) for some in took.values())
    assert high < 1.5 * low, quartiles


def test_guesses_at_the_same_moment_are_not_free(store: Store, clock: Clock):
    """Each is counted before it is looked at: of forty at once no more are looked at than one after the other."""
    Accounts(store, 12, clock, HASHER).add("ann", Role.ANNOTATOR, WORD)
    counting = Counting()

    def one(_: int) -> str:
        return guess(Accounts(store, 12, lambda: clock.now, counting), "ann")

    with ThreadPoolExecutor(20) as pool:
        said = list(pool.map(one, range(40)))
    assert counting.n == FREE
    assert sum("or the password is wrong" in one for one in said) == FREE
    assert sum("try again in" in one for one in said) == 40 - FREE


def test_many_who_sign_in_at_once_take_the_memory_of_two(store: Store, clock: Clock):
    accounts = Accounts(store, 12, clock, HASHER)
    names = [f"person {n}" for n in range(12)]
    for name in names:
        accounts.add(name, Role.ANNOTATOR, WORD)
    counting = Counting()
    with ThreadPoolExecutor(12) as pool:
        sessions = list(pool.map(lambda name: Accounts(store, 12, clock, counting).sign_in(name, WORD), names))
    assert [one.person.name for one in sessions] == names
    assert counting.most <= hashing.AT_ONCE


def test_who_finds_no_place_is_sent_away_and_nothing_is_counted_against_them(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    accounts = Accounts(store, 12, clock, HASHER)
    accounts.add("ann", Role.ANNOTATOR, WORD)
    monkeypatch.setattr(hashing, "_places", threading.BoundedSemaphore(1))
    monkeypatch.setattr("allabel.people.accounts.turn", lambda: turn(0.01))
    with turn():
        assert "too many people" in guess(accounts, "ann", WORD)
    with store.reads() as connection:
        assert connection.execute(select(func.count()).select_from(failures)).scalar_one() == 0
    assert accounts.sign_in("ann", WORD)


def test_few_guesses_at_each_of_many_names_are_slow_as_well_from_one_address(store: Store, clock: Clock):
    accounts = Accounts(store, 12, clock, HASHER)
    accounts.add("ann", Role.ANNOTATOR, WORD)
    for n in range(FREE_AN_ADDRESS):
        assert "or the password is wrong" in guess(accounts, f"name {n}", address="192.0.2.7")
    assert "for this address" in guess(accounts, "another name", address="192.0.2.7")
    # Who sits elsewhere does not wait, and who waited is let in.
    assert accounts.sign_in("ann", WORD, "192.0.2.8")
    clock.pass_minutes(1.1)
    assert accounts.sign_in("ann", WORD, "192.0.2.7")
    assert "or the password is wrong" in guess(accounts, "another name", address="192.0.2.7")


def test_no_guess_fills_the_database(store: Store, clock: Clock):
    """What cannot be a name is counted in one row, and rows are forgotten after a day."""
    accounts = Accounts(store, 12, clock, HASHER)
    for n in range(4):
        guess(accounts, "x" * (1000 + n))
        guess(accounts, f"nul \0 {n}")
        clock.pass_minutes(2)
    guess(accounts, "nobody", address="a" * 10_000)
    with store.reads() as connection:
        rows = connection.execute(select(failures)).all()
    assert len(rows) == 3
    assert max(len(row.name) for row in rows) <= 200
    clock.pass_minutes(25 * 60)
    guess(accounts, "somebody")
    with store.reads() as connection:
        assert connection.execute(select(func.count()).select_from(failures)).scalar_one() == 1


@pytest.mark.parametrize("password", ["", "x" * 100_000, "\ud800", "nul \0"])
def test_what_can_be_no_password_is_a_wrong_one(password: str):
    passwords = Passwords(HASHER)
    assert not passwords.fits(passwords.hash(WORD), password)
    assert not passwords.fits(None, password)
    assert not passwords.fits("no hash at all", password)
