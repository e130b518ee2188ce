"""Programs killed with SIGKILL at moments drawn over the whole time they take, then run to their end.

A trial is one copy of a prepared project: the program is killed once to three times on it, doctor looks after each
kill, the program is run to its end, and what is there is compared with what an undisturbed run left.
"""

import functools
import os
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from crash_grounds import Ground
from crash_start import Starter

from allabel import doctor

# How many in all: of them each test takes its share.
# Which packages are installed is looked up once: that is no part of a project, and takes half a second.
doctor.packages_distributions = functools.cache(doctor.packages_distributions)
N_KILLS = int(os.environ.get("ALLABEL_KILLS", "60"))
SEED = int(os.environ.get("ALLABEL_TEST_SEED", "0"))
MOST_IN_A_ROW = 3
PATIENCE_S = 300.0
Arguments = Callable[[Path], Sequence[str]]


@dataclass
class Tally:
    """What came of the kills of one program. wrong: each problem in words, with the seed that repeats it."""

    program: str
    database: str
    took_s: float = 0.0
    kills: Counter[str] = field(default_factory=Counter)
    n_rerun: int = 0
    n_confirmed: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def n_kills(self) -> int:
        """How many kills hit a program that was running."""
        return self.kills["hit"]

    def count(self, hit: bool, took_s: float) -> None:
        """Count a kill; one that came when the program had ended tells that it takes less than was measured."""
        self.kills["hit" if hit else "late"] += 1
        if not hit:
            self.took_s = min(self.took_s, took_s)

    def line(self) -> str:
        """Say it in one line of a table."""
        return (
            f"CRASH | {self.program:26} | {self.database:10} | kills {self.n_kills:3} | went on {self.n_rerun:3}"
            f" | wrong {len(self.wrong)} | undisturbed {self.took_s:.2f} s | seed {SEED}"
        )


def ended(starter: Starter, arguments: Sequence[str]) -> tuple[int | None, str, float]:
    """Run a program to its end; returns its status, what it said, and the seconds it took."""
    began = time.monotonic()
    program = starter.start([*arguments])
    if not program.wait(PATIENCE_S):
        program.kill()
        raise TimeoutError(f"{arguments} did not end within {PATIENCE_S} s: {program.said()[-1000:]}")
    return program.status, program.said(), time.monotonic() - began


def killed_or_ended(
    starter: Starter, arguments: Sequence[str], moment_s: float | None, done: str = ""
) -> tuple[bool, str, float]:
    """Kill a program after so long, or let it end; tells whether it was killed, what it said, and what it took.

    done: what it says, and ends with another status than 0, where nothing was left to be done.
    """
    began = time.monotonic()
    program = starter.start([*arguments])
    over = program.wait(PATIENCE_S if moment_s is None else moment_s)
    took_s = time.monotonic() - began
    hit = not over and program.kill()
    assert hit or program.status == 0 or (done and done in program.said()), program.said()
    return hit, program.said(), took_s


def moments(tally: Tally) -> Iterator[float]:
    """Draw moments, each as likely as any other, over the whole time that an undisturbed run takes."""
    rng = np.random.default_rng([SEED, *f"{tally.program} {tally.database}".encode()])
    while True:
        yield float(rng.uniform(0.0, 1.0)) * tally.took_s


def share(of: float) -> int:
    """Return how many kills of all are to hit one program on one database."""
    return max(1, round(N_KILLS * of))


def sound(folder: Path) -> list[str]:
    """Return what doctor finds to mend; a folder that holds no project yet is none of it."""
    with warnings.catch_warnings():
        # Doctor opens the store, and so brings an older one up to date; of a server's it tells.
        warnings.filterwarnings("ignore", message=".* is brought from schema ")
        return [f"{one.what}: {one.says}" for one in doctor.examine(folder) if not one.ok]


@dataclass
class Trials:
    """Kills of one program. arguments: of a project's folder. state: what is compared in the end.

    between: what is wrong after each kill; what doctor finds is asked for before the program is run to its end.
    done: what it says, and ends with another status, where nothing was left to be done.
    """

    tally: Tally
    starter: Starter
    ground: Ground
    arguments: Arguments
    state: Callable[[Path], object]
    between: Callable[[Path], Sequence[str]] = sound
    done: str = ""

    def run(self, n_kills: int) -> None:
        """Kill so often, and note in the tally what was wrong afterwards."""
        tally = self.tally
        with self.ground.copy() as folder:
            status, said, tally.took_s = ended(self.starter, self.arguments(folder))
            assert status == 0, said
            expected = self.state(folder)
        drawn = moments(tally)
        while tally.n_kills < n_kills:
            told = f"{tally.program} on {tally.database}, after {tally.n_kills} kills, seed {SEED}"
            with self.ground.copy() as folder:
                self._trial(folder, drawn, told, expected)
        print(tally.line())

    def _trial(self, folder: Path, drawn: Iterator[float], told: str, expected: object) -> None:
        at = list[float]()
        for n in range(1 + self.tally.kills["row"] % MOST_IN_A_ROW):
            at.append(round(next(drawn), 4))
            hit, _, took_s = killed_or_ended(self.starter, self.arguments(folder), at[-1], self.done)
            self.tally.count(hit, took_s)
            self._note(f"{told}, kill {n + 1} of a row at {at} s", self.between(folder))
        self.tally.kills["row"] += 1
        told += f", killed at {at} s"
        self._note(told, sound(folder))
        status, said, _ = ended(self.starter, self.arguments(folder))
        if status != 0 and not (self.done and self.done in said):
            self._note(told, [f"the next run ended with {status}: {said[-2000:]}"])
            return
        self.tally.n_rerun += 1
        self._note(told, sound(folder))
        if (found := self.state(folder)) != expected:
            self._note(told, [f"another end: {_apart(expected, found)}"])

    def _note(self, told: str, problems: Sequence[str]) -> None:
        self.tally.wrong += [f"{told}: {one}" for one in problems]


def _apart(expected: object, found: object) -> str:
    if isinstance(expected, dict) and isinstance(found, dict):
        keys = [key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key)]
        return "; ".join(f"{key}: {_apart(expected.get(key), found.get(key))}" for key in sorted(keys))
    if isinstance(expected, list) and isinstance(found, list):
        more, less = (
            Counter(map(str, found)) - Counter(map(str, expected)),
            Counter(map(str, expected)) - Counter(map(str, found)),
        )
        return f"{len(found)} for {len(expected)}, more {list(more)[:2]}, less {list(less)[:2]}"
    return f"{str(found)[:300]} for {str(expected)[:300]}"
