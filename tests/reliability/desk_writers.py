"""People at pages of the app, several in one process: python desk_writers.py PLACE SECONDS LEASE_S SHARE PEOPLE…

Waits for a line on standard input, so that several processes begin together; prints a line of JSON for each thing
that was asked of a desk.
"""

import json
import random
import sys
import threading
import time
from dataclasses import replace

from noted_desk import NotedDesk
from people_at_work import NOW, SCHEMA

from allabel.config import Settings
from allabel.document import DocId, Span
from allabel.errors import StoreError
from allabel.people.accounts import Person
from allabel.people.roles import Role
from allabel.people.terms import Terms
from allabel.store import Store
from app.components.span_editor.ops import Op
from app.sitting import Sitting

# What a person does at least, however slow the machine is.
LEAST = 6


class AtWork(threading.Thread):
    """One person at one page. name: the person's, with "/" and a tab's number where they have several."""

    def __init__(self, tab: str, store: Store, settings: Settings, seconds: float) -> None:
        super().__init__()
        self.tab, self.seconds, self.rng, self.n = tab, seconds, random.Random(tab), 0
        person = Person(tab.split("/", maxsplit=1)[0], Role.ANNOTATOR, True, NOW)
        self.desk = NotedDesk(store, SCHEMA, person, settings)
        self.desk.notes = []
        self.store, self.terms = store, Terms(store, SCHEMA)
        self.error = ""

    def new_page(self) -> None:
        self.page = Sitting(self.desk, self.terms, self.desk.next)

    def run(self) -> None:
        try:
            self.new_page()
            until = time.monotonic() + self.seconds
            while time.monotonic() < until or self.n < LEAST:
                self.act()
        except Exception as error:  # noqa: BLE001  the test tells it
            self.error = repr(error)

    def op(self, kind: str, doc_id: DocId, version: int) -> Op:
        self.n += 1
        start = self.rng.randrange(8)
        spans = (Span(start, start + self.rng.randint(1, 5), "Salt"),)
        return Op(f"{self.tab}-{self.n}", kind, doc_id, version, self.n, spans, seconds=1.0, note="?")

    def act(self) -> None:
        """Take a text or any other, work on it for a while, end it in some way; send some of it again."""
        page, rng = self.page, self.rng
        task = page.current()
        if task is None or rng.random() < 0.2:
            ids = [one.id for one in self.store.documents()]
            page.take([self.op("goto", rng.choice(ids), 0)])
            task = page.task
        if task is None:
            return
        id, version = task.document.id, task.version
        if rng.random() < 0.4:
            page.take([self.op("draft", id, version)])
            time.sleep(rng.choice([0, 0.01, 0.3]))
        kind = rng.choice(["save", "save", "save", "save", "skip", "reload", "flag"])
        last = self.op(kind, id, version)
        page.take([last])
        self.said(page)
        if rng.random() < 0.3:
            # The page was drawn anew, and heard nothing of what it had sent.
            self.new_page()
            self.page.take([replace(last)])

    def said(self, page: Sitting) -> None:
        if page.problem is not None and page.problem.kind != "conflict" and "is with" not in page.problem.message:
            raise StoreError(page.problem.message)


def main(place: str, seconds: str, lease_s: str, share: str, *tabs: str) -> None:
    settings = Settings(lease_minutes=float(lease_s) / 60, double_share=float(share), blind_share=0.0)
    with Store.open(place) as store:
        at_work = [AtWork(tab, store, settings, float(seconds)) for tab in tabs]
        print("ready", flush=True)
        sys.stdin.readline()
        for one in at_work:
            one.start()
        for one in at_work:
            one.join()
        for one in at_work:
            for note in one.desk.notes:
                print(json.dumps(note.as_dict()))
            if one.error:
                print(json.dumps({"error": f"{one.tab}: {one.error}"}))


if __name__ == "__main__":
    main(*sys.argv[1:])
