"""A person annotates, and the program is killed: what the page was told is kept is kept, and nothing twice."""

import json
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from crash_grounds import Ground
from crash_sitter import entities_for
from crash_start import Starter, starter_of
from crash_trials import SEED, Tally, killed_or_ended, moments, share, sound
from served import CORPUS
from sqlalchemy import select
from with_stores import DATABASES

from allabel.formats.registry import read_documents
from allabel.people.hand import draft_of
from allabel.people.marks import Kind
from allabel.project import Project
from allabel.schema import LabelSchema
from allabel.store.tables import marks

N_TEXTS = 40
PART = 0.08


def queued(folder: Path, n_texts: int = N_TEXTS) -> None:
    """Make a project with texts that wait for a person."""
    with Project.create(folder, LabelSchema.read(CORPUS / "labels.toml")) as project:
        project.import_records(read_documents(CORPUS / "pool.jsonl"), CORPUS / "pool.jsonl", "texts")
        project.select(str(n_texts), "uniform")


@dataclass
class Browser:
    """What the person's browser knows: what it sent, and what it was told is kept."""

    begun: dict[str, dict] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)

    def hear(self, said: str) -> None:
        """Take in what a process wrote, whole lines only."""
        for line in said.splitlines(keepends=True):
            what, _, rest = line.rstrip("\n").partition(" ")
            if not line.endswith("\n") or what == "done":
                continue
            if what == "begin":
                op = json.loads(rest)
                self.begun[op["id"]] = op
            elif what == "kept":
                self.kept.add(rest)
            else:
                self.refused.append(line)

    def outbox(self) -> dict[str, list]:
        """Return what the next process is told: everything that was sent, and what was not heard of."""
        unheard = [op for id, op in self.begun.items() if id not in self.kept]
        return {"sent": list(self.begun), "unheard": unheard}

    def missing(self, folder: Path) -> list[str]:
        """Return what the page was told is kept and is not there, and what is there twice or was never sent."""
        with Project.open(folder) as project:
            answers = project.store.answers()
            with project.store.reads() as connection:
                marked = Counter(connection.execute(select(marks.c.save_id)).scalars())
                drafts = {id: draft_of(connection, id, "ada") for id in {op["doc_id"] for op in self.begun.values()}}
        saved = Counter(a.save_id for a in answers)
        twice = [id for id, n in (saved + marked).items() if n > 1]
        twice += [id for id, n in Counter(a.doc_id for a in answers).items() if n > 1]
        lost = [id for id in self.kept if not id.startswith("draft:") and not saved[id] + marked[id]]
        for op in self.begun.values():
            if op["op"] == "draft" and op["id"] in self.kept and f"save:{op['doc_id']}" not in self.begun:
                there = drafts[op["doc_id"]]
                if there is None or there.n < op["n"]:
                    lost.append(op["id"])
        unsent = [id for id in (saved + marked) if id not in self.begun]
        found = {"lost": lost, "doubled": twice, "never sent": unsent, "refused": self.refused}
        return [f"{what}: {ids}" for what, ids in found.items() if ids]

    def wrong_at_the_end(self, folder: Path) -> list[str]:
        """Return what is not as the person left it when all is done."""
        with Project.open(folder) as project:
            answers, picks = project.store.annotations(), project.store.picks()
            texts = project.store.documents_of(answers)
            with project.store.reads() as connection:
                flagged = select(marks.c.doc_id).where(marks.c.kind == Kind.FLAG.value)
                flags = {*connection.execute(flagged).scalars()}
        wrong = [f"{p.doc_id} has no answer" for p in picks if p.doc_id not in answers]
        for id, answer in answers.items():
            if {*answer.entities} != {*entities_for(texts[id].text)} or answer.based_on != 0:
                wrong.append(f"{id} has another answer: {answer}")
        return wrong + [f"{id} is flagged or not" for id in answers if (sum(map(ord, id)) % 7 == 0) != (id in flags)]


@pytest.fixture
def starter(pytestconfig: pytest.Config) -> Starter:
    return starter_of(pytestconfig)


def sit(starter: Starter, folder: Path, browser: Browser, moment_s: float | None) -> tuple[bool, float]:
    """Let the person work until they are done, or the program is killed; tells whether it was, and after how long."""
    outbox = folder.parent / "outbox.json"
    outbox.write_text(json.dumps(browser.outbox()), encoding="utf-8")
    hit, said, took_s = killed_or_ended(starter, ["sit", str(folder), str(outbox)], moment_s)
    browser.hear(said)
    return hit, took_s


def work_and_be_killed(
    database: str, starter: Starter, config: pytest.Config, folder: Path, n_kills: int, n_texts: int = N_TEXTS
) -> Tally:
    tally = Tally("annotate, in the app", database)
    with Ground(database, config, folder, partial(queued, n_texts=n_texts)) as ground:
        with ground.copy() as copy:
            undisturbed = Browser()
            _, tally.took_s = sit(starter, copy, undisturbed, None)
            assert undisturbed.missing(copy) + undisturbed.wrong_at_the_end(copy) == []
        drawn = moments(tally)
        while tally.n_kills < n_kills:
            browser = Browser()
            with ground.copy() as copy:
                # Each process goes on where the one before was killed: all the queue is worked through in the end.
                for n in range(4):
                    hit, took_s = sit(starter, copy, browser, next(drawn) if n < 3 else None)
                    if n < 3:
                        # What is left of the queue takes less each time: a run that ended early tells nothing.
                        tally.count(hit, took_s if n == 0 else tally.took_s)
                    told = f"{tally.program} on {database}, after {tally.n_kills} kills, seed {SEED}"
                    tally.wrong += [f"{told}: {one}" for one in browser.missing(copy) + sound(copy)]
                tally.n_rerun += 1
                tally.n_confirmed += len(browser.kept)
                tally.wrong += [f"{told}: {one}" for one in browser.wrong_at_the_end(copy)]
    print(tally.line(), f"| confirmed {tally.n_confirmed}")
    return tally


@pytest.mark.slow
@pytest.mark.parametrize("database", DATABASES)
def test_nothing_that_the_page_was_told_is_kept_is_lost_and_nothing_is_kept_twice(
    database: str, starter: Starter, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    assert work_and_be_killed(database, starter, pytestconfig, tmp_path, share(PART)).wrong == []


def test_kills_of_a_person_at_work_lose_and_double_nothing(
    starter: Starter, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    assert work_and_be_killed("sqlite", starter, pytestconfig, tmp_path, 1, n_texts=12).wrong == []
