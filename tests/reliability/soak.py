"""Does it hold for hours? The real app and server over a real PostgreSQL, with callers and people, watched all along.

python tests/reliability/soak.py [--minutes 60] [--pace 15] [--out build/soak.json]

`allabel app` with two people in Chromium, `allabel serve` with callers at 20 requests a second, streams and jobs, all
on one project whose store is PostgreSQL. After a warm-up memory must not grow by more than 5 %, the p95 of no route may
surely rise by more than 10 %, and nothing may go wrong: no error of HTTP, of a page, in a log, and nothing that was
confirmed may be missing. Ends with status 1 where it does.
Needs PostgreSQL, Chromium and: pip install -e '.[dev,dev-e2e]'.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))  # what all tests share

from served import free_port
from soak_bar import Grown, Slowed, Times, by_minute, covers, grown, slowed, table
from soak_load import Load
from soak_notes import Notes, Sampler
from soak_parts import LivingPostgres, Program, make_project
from soak_people import AtWork

from allabel.document import DocId, Document
from allabel.project import Project

N_ANNOTATED = 2000
# What the people are given to leave, after the callers have.
LEAVE_S = 300.0
# These are told and not judged: a process for each learning, and no process at all most of the time.
NOT_JUDGED = dict.fromkeys(("app apart", "serve apart", "postgres: how many"), "not judged")


@dataclass(frozen=True, slots=True)
class Result:
    """What a run came to. wrong: everything that went wrong, as (seconds, where, what).

    minutes: by process its megabytes in the mean of each minute, to see when a process that grew did so.
    """

    memory: list[Grown]
    minutes: dict[str, list[float]]
    latency: list[Slowed]
    wrong: list[tuple[float, str, str]]
    done: dict[str, int]

    @property
    def missed(self) -> list[str]:
        """What missed the bar, in words."""
        grew = [one.name for one in self.memory if one.missed and one.name not in NOT_JUDGED]
        slower = [one.route for one in self.latency if one.missed]
        wrong = [f"{len(self.wrong)} errors"] if self.wrong else []
        return [*(f"{name} grew" for name in grew), *(f"{route} became slower" for route in slower), *wrong]


@dataclass(frozen=True, slots=True)
class Stage:
    """All that runs."""

    folder: Path
    key: str
    postgres: LivingPostgres
    app: Program
    serve: Program
    app_url: str
    serve_url: str


@contextmanager
def stage(tmp: Path, minutes: float, pace_s: float, notes: Notes) -> Iterator[Stage]:
    """Make a project and start everything; what the programs complain of in their logs becomes an error."""
    ports = free_port(), free_port()
    folder, urls = tmp / "project", [f"http://localhost:{ports[0]}", f"http://127.0.0.1:{ports[1]}"]
    with LivingPostgres() as postgres:
        postgres.execute("CREATE DATABASE soak")
        os.environ["ALLABEL_DATABASE"] = postgres.url("soak")
        # Twice what two people do, for none of them is to run out of texts.
        key = make_project(folder, N_ANNOTATED, round(4 * 60 * minutes / pace_s) + 100)
        asked = ["-p", str(folder), "serve", "--port", str(ports[1])]
        serve = Program("serve", asked, {}, tmp / "serve.log", f"{urls[1]}/readyz")
        asked = ["-p", str(folder), "app", "--port", str(ports[0]), "--no-browser"]
        app = Program("app", asked, {}, tmp / "app.log", f"{urls[0]}/_stcore/health")
        try:
            yield Stage(folder, key, postgres, app, serve, *urls)
        finally:
            # Before the programs end: what PostgreSQL says of that is no complaint.
            wrong = [("postgres", line) for line in postgres.complaints()]
            wrong += [(one.name, line) for one in (app, serve) for line in one.stop()]
            for where, what in wrong:
                notes.error(f"log of {where}", what)


def soak(minutes: float, pace_s: float) -> Result:
    """Run it all for so many minutes; pace_s: from one text of a person to their next."""
    notes, times = Notes(), Times.of(minutes)
    with tempfile.TemporaryDirectory(prefix="allabel-soak-") as tmp, stage(Path(tmp), minutes, pace_s, notes) as now:
        notes.began = time.monotonic()
        people = AtWork(now.app_url, notes, minutes, pace_s)
        load = Load(now.serve_url, now.key, notes, minutes)
        people.start()
        pids = {"app": now.app.process.pid, "serve": now.serve.process.pid, "postgres": now.postgres.pid}
        with Sampler(notes, pids, summed=("postgres",)):
            asyncio.run(load.run())
        people.join(LEAVE_S)
        if people.is_alive():
            notes.error("browser", f"the people did not come to an end within {LEAVE_S:g} s")
        done = {**load.n_done, "annotations": len(load.confirmed)}
        done |= {"texts saved by people": sum(map(len, people.kept.values())), "visits of other pages": people.n_visits}
        for what in lost(now.folder, people.kept, load.confirmed):
            notes.error("store", what)
    return Result(
        [grown(name, series, times) for name, series in sorted(notes.memory.items()) if covers(series, times)],
        {name: by_minute(series) for name, series in notes.memory.items()},
        [slowed(route, series, times) for route, series in notes.took.items()],
        notes.wrong,
        done,
    )


def lost(folder: Path, kept: Mapping[str, Sequence[str]], confirmed: Mapping[str, Document]) -> list[str]:
    """Say what was confirmed and is not in the store: texts by the people who saved them, and what callers sent."""
    with Project.open(folder) as project:
        newest = project.store.annotations()
        by_people = {(one.author, id) for id in {*chain(*kept.values())} for one in project.store.history(DocId(id))}
    missing = [f"{id}, saved by {name}" for name, ids in kept.items() for id in ids if (name, id) not in by_people]
    for id, one in confirmed.items():
        answer = newest.get(DocId(id))
        if answer is None or {*answer.entities} != {*(one.entities or ())}:
            missing.append(f"{id}, sent to the server")
    return missing


def told(result: Result, minutes: float) -> str:
    """Write the result down for people."""
    errors = [f"  {at:6.0f} s  {where}: {what}" for at, where, what in result.wrong[:30]]
    done = ", ".join(f"{n:,} {what}" for what, n in result.done.items())
    verdict = "the bar is missed: " + "; ".join(result.missed) if result.missed else "the bar is met"
    head = f"{minutes:g} minutes: {done}; {len(result.wrong)} errors"
    return "\n".join([head, *errors, "", table(result.memory, result.latency, NOT_JUDGED), "", verdict])


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--pace", type=float, default=15.0, help="seconds from one text of a person to their next")
    parser.add_argument("--out", type=Path, default=Path("build/soak.json"))
    asked = parser.parse_args()
    # Whoever ends this has the programs ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))
    result = soak(asked.minutes, asked.pace)
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    found = {"asked_minutes": asked.minutes, "missed": result.missed, **asdict(result)}
    asked.out.write_text(json.dumps(found, indent=1), encoding="utf-8")
    print(told(result, asked.minutes))
    sys.exit(1 if result.missed else 0)


if __name__ == "__main__":
    main()
