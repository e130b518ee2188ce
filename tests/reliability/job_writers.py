"""Processes that hand in, take, lose and do jobs: python job_writers.py PLACE SECONDS LEASE_S OWNER…

Each owner is a thread. Waits for a line on standard input; prints a line of JSON for each thing that was asked.
"""

import json
import random
import sys
import threading
import time
from typing import Any

from allabel.server.job_store import JobStore, JobText
from allabel.store import Store

KEY = "lab"
N_TEXTS = 12
LEAST = 6


class Owner(threading.Thread):
    """One who does jobs, slower than the lease now and then."""

    def __init__(self, name: str, store: Store, seconds: float, lease_s: float) -> None:
        super().__init__()
        self.owner, self.seconds, self.lease_s, self.n = name, seconds, lease_s, 0
        self.rng = random.Random(name)
        self.jobs = JobStore(store, name, lease_s)
        self.notes: list[dict[str, Any]] = []

    def run(self) -> None:
        try:
            until = time.monotonic() + self.seconds
            while time.monotonic() < until or self.n < LEAST:
                self.act()
        except Exception as error:  # noqa: BLE001  the test tells it
            self.notes.append({"error": f"{self.owner}: {error!r}"})

    def noted(self, act: str, call: Any, **more: Any) -> Any:
        begin = time.monotonic()
        said = call()
        end = time.monotonic()
        self.notes.append({"who": self.owner, "act": act, "begin": begin, "end": end, "said": said is True} | more)
        return said

    def act(self) -> None:
        self.n += 1
        if self.rng.random() < 0.3:
            # Owners hand in under few ids: most are there already.
            id = f"{self.rng.randrange(400):032x}"
            texts = [JobText(n, f"d{n}", f"text {n}", {}) for n in range(N_TEXTS)]
            self.jobs.add(KEY, texts, {}, id)
        begin = time.monotonic()
        job = self.jobs.claim()
        if job is None:
            time.sleep(0.01)
            return
        self.notes.append(
            {"who": self.owner, "act": "claim", "job": job.id, "begin": begin, "end": time.monotonic(), "said": True}
        )
        self.work(job.id)

    def work(self, id: str) -> None:
        """Do some of a job, in blocks; leave it in one of the ways that there are."""
        for block in range(self.rng.choice([1, 2, 9])):
            texts = self.jobs.next_texts(id, 4)
            if not texts:
                return
            time.sleep(self.lease_s * self.rng.choice([0, 0, 0.1, 0.4, 1.3]))
            if self.rng.random() < 0.3 and not self.noted("renew", lambda: self.jobs.renew(id), job=id):
                return
            by = f"{self.owner}-{self.n}-{block}"
            lines = [(text.n, {"status": "ok", "by": by}) for text in texts]
            numbers = [text.n for text in texts]
            if not self.noted("keep", lambda lines=lines: self.jobs.keep(id, lines), job=id, by=by, numbers=numbers):
                return
        match self.rng.choice(["release", "release", "wait", "cancel", "lose"]):
            case "release":
                self.noted("give", lambda: self.jobs.release(id), job=id)
            case "wait":
                self.noted("give", lambda: self.jobs.wait(id, "later", 0.05), job=id)
            case "cancel":
                self.noted("give", lambda: self.jobs.cancel(id, KEY), job=id)


def main(place: str, seconds: str, lease_s: str, *names: str) -> None:
    with Store.open(place) as store:
        owners = [Owner(name, store, float(seconds), float(lease_s)) for name in names]
        print("ready", flush=True)
        sys.stdin.readline()
        for one in owners:
            one.start()
        for one in owners:
            one.join()
        for one in owners:
            for note in one.notes:
                print(json.dumps(note))


if __name__ == "__main__":
    main(*sys.argv[1:])
