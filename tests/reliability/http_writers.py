"""Writers over HTTP: each keeps answers, reads them all and hands in jobs, and notes when and what it heard."""

import random
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx

TEXT = "NaCl in water " * 12
IDS = [f"d{i:02}" for i in range(30)]
LABEL = "Salt"
# What a writer does at least, however slow the machine is.
LEAST = 4
# To make the usual one takes 20 ms of a processor, for each client.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass
class Kept:
    """An answer to several texts that was confirmed. key: its Idempotency-Key, with that of the caller before it."""

    key: str
    ids: list[str]
    entities: list[dict]
    begin: float
    end: float


@dataclass
class Seen:
    """All answers at once, as one request gave them. seen: document -> what marks its answer."""

    begin: float
    end: float
    seen: dict[str, tuple]


@dataclass
class HandedIn:
    """A job, by every id that was heard of it, and what was heard of it since."""

    ids: set[str]
    n_texts: int
    states: list[tuple[str, int]] = field(default_factory=list)


@dataclass
class Notes:
    """What one writer did and heard."""

    kept: list[Kept] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    jobs: list[HandedIn] = field(default_factory=list)
    ends: Counter = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def mark(entities: list[dict]) -> tuple:
    """Return what tells this answer from every other: who gave it, and the how many-th of theirs."""
    return tuple(sorted(one["start"] for one in entities))


class Writer(threading.Thread):
    """Writer n of a server, until the time is up; `token` is its key."""

    def __init__(self, n: int, url: str, token: str, until: Callable[[], bool]) -> None:
        super().__init__(daemon=True)
        self.n, self.url, self.until, self.notes = n, url, until, Notes()
        self.headers = {"Authorization": f"Bearer {token}"}
        self.caller = token.split("_")[1]
        self.rng = random.Random(n)
        self.n_done = 0

    def run(self) -> None:
        acts = [self.write] * 5 + [self.read] * 3 + [self.hand_in, self.look_at_a_job, self.tag]
        n_acts = 0
        self.api = httpx.Client(base_url=self.url, headers=self.headers, timeout=120, verify=NO_TLS)
        with self.api, ThreadPoolExecutor(2) as two:
            self.two = two
            try:
                while not self.until() or n_acts < LEAST:
                    self.rng.choice(acts)()
                    n_acts += 1
            except Exception as error:  # noqa: BLE001  the test tells it
                self.notes.wrong.append(f"writer {self.n}: {error!r}")

    def post(self, path: str, body: dict, key: str = "") -> httpx.Response:
        """Send until it is not sent away."""
        while True:
            answer = self.api.post(path, json=body, headers={"Idempotency-Key": key} if key else {})
            self.notes.ends[f"POST {path} {answer.status_code}"] += 1
            if answer.status_code != 429:
                return answer
            time.sleep(0.05)

    def entities(self) -> list[dict]:
        self.n_done += 1
        starts = (self.n, 20 + self.n_done % 60, 80 + self.n_done // 60)
        return [{"start": start, "end": start + 1, "label": LABEL} for start in starts]

    def write(self) -> None:
        """Keep an answer to one to three texts; often it is sent again, at once or later, or given up at first."""
        entities, ids = self.entities(), self.rng.sample(IDS, self.rng.choice([1, 1, 2, 3]))
        body = {"documents": [{"id": id, "text": TEXT, "entities": entities} for id in ids]}
        key = f"{self.n_done}{self.rng.choice(['', ':', ':0'])}"
        how = self.rng.choice(["once", "twice at once", "again", "given up"])
        begin = time.monotonic()
        if how == "given up":
            self.give_up_on(body, key)
        first = [self.two.submit(self.post, "/v1/annotations", body, key) for _ in range(1 + (how == "twice at once"))]
        answers = [one.result() for one in first]
        end = time.monotonic()
        if how == "again":
            answers.append(self.post("/v1/annotations", body, key))
        self.expect(all(answer.status_code == 201 for answer in answers), answers[-1].text)
        self.notes.kept.append(Kept(f"{self.caller}:{key}", ids, entities, begin, end))
        if self.rng.random() < 0.1:
            other = {"documents": [{"id": ids[0], "text": TEXT, "entities": []}]}
            refused = self.post("/v1/annotations", other, key)
            self.expect(refused.status_code == 409, refused.text)

    def give_up_on(self, body: dict, key: str) -> None:
        try:
            headers = {"Idempotency-Key": key}
            self.api.post("/v1/annotations", json=body, headers=headers, timeout=self.rng.uniform(0.001, 0.03))
        except httpx.TimeoutException:
            self.notes.ends["given up"] += 1

    def read(self) -> None:
        begin = time.monotonic()
        answer = self.api.get("/v1/demonstrations", params={"limit": 1000})
        self.expect(answer.status_code == 200, answer.text)
        seen = {one["id"]: mark(one["entities"]) for one in answer.json()["demonstrations"]}
        self.notes.seen.append(Seen(begin, time.monotonic(), seen))

    def tag(self) -> None:
        answer = self.post("/v1/tag", {"texts": [TEXT, TEXT]})
        self.expect(answer.status_code == 200, answer.text)

    def hand_in(self) -> None:
        """Hand a job in, often twice at once."""
        texts = [{"id": f"j{n}", "text": f"text {n}"} for n in range(self.rng.randint(1, 40))]
        key, times = f"job-{self.n}-{len(self.notes.jobs)}", self.rng.choice([1, 2])
        sent = [self.two.submit(self.post, "/v1/jobs", {"texts": texts}, key) for _ in range(times)]
        answers = [one.result() for one in sent]
        self.expect(all(answer.status_code == 202 for answer in answers), answers[0].text)
        self.notes.jobs.append(HandedIn({answer.json()["id"] for answer in answers}, len(texts)))

    def look_at_a_job(self) -> None:
        if not self.notes.jobs:
            return
        job = self.rng.choice(self.notes.jobs)
        ask = self.api.delete if self.rng.random() < 0.2 else self.api.get
        answer = ask(f"/v1/jobs/{min(job.ids)}")
        self.expect(answer.status_code == 200, answer.text)
        job.states.append((answer.json()["state"], answer.json()["n_done"]))

    def expect(self, holds: bool, text: str) -> None:
        if not holds:
            self.notes.wrong.append(f"writer {self.n}: {text[:300]}")
