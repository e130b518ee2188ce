"""The parts of the soak test: a project of made texts in a real PostgreSQL, and the programs that serve it."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

import numpy as np
from postgres import OPTIONS, PostgresServer

from allabel.document import DocId, Document
from allabel.formats.base import Record
from allabel.formats.registry import read_documents
from allabel.people.accounts import Accounts
from allabel.people.roles import Role
from allabel.project import Project
from allabel.schema import LabelSchema
from allabel.server.keys import Keys, Scope

CORPUS = Path(__file__).parents[2] / "eval" / "demo" / "data"
PASSWORD = "salt water copper tin"
PEOPLE = {"ada": Role.ADMIN, "bo": Role.ANNOTATOR}
START_S = 600.0
# What a program says when it is well, and streamlit's greeting.
BAD = re.compile(r"Traceback|Error\b|ERROR|CRITICAL|WARN|Exception|FATAL|PANIC|Warning")


class LivingPostgres(PostgresServer):
    """PostgreSQL as people run it: it cleans up after itself."""

    options = tuple(one for one in OPTIONS if one != "autovacuum=off")

    @property
    def pid(self) -> int:
        """The process above all others of it."""
        return self._process.pid

    def complaints(self) -> list[str]:
        """Return what its log says of errors, but that it was asked before it was there."""
        return [line for line in _complaints(self.folder / "log") if not line.endswith("system is starting up")]


class Program:
    """A command of ours as a process of its own, its words in a file. ready: the address that answers 200 then."""

    def __init__(self, name: str, command: list[str], env: Mapping[str, str], log: Path, ready: str) -> None:
        self.name, self._log = name, log
        program = [sys.executable, "-c", "from allabel.cli import main; main()", *command]
        with log.open("wb") as said:
            self.process = subprocess.Popen(program, env={**os.environ, **env}, stdout=said, stderr=said)
        until = time.monotonic() + START_S
        while not _answers(ready):
            if self.process.poll() is not None or time.monotonic() > until:
                self.process.kill()
                raise RuntimeError(f"{name} does not start: {log.read_text()}")
            time.sleep(0.2)

    def stop(self) -> list[str]:
        """End it as its operator would; returns what was wrong with it to the end."""
        self.process.send_signal(signal.SIGINT)
        try:
            status = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return [*_complaints(self._log), f"{self.name} did not end within 60 s"]
        return [*_complaints(self._log), *([f"{self.name} ended with status {status}"] if status else [])]


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except (OSError, urllib.error.URLError):
        return False


def _complaints(log: Path) -> list[str]:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    return [line for line in lines if BAD.search(line)]


def texts(seed: int, prefix: str) -> Iterator[Document]:
    """Give sentences of the shipped corpus without end, each with other figures in it, and so no two alike.

    A digit takes the place of a digit, so that the gold entities stay where they are.
    """
    rng = np.random.default_rng(seed)
    pool = [record.document for record in read_documents(CORPUS / "pool.jsonl")]
    with_figures = [one for one in pool if len(re.findall("[0-9]", one.text)) >= 6]
    seen: set[str] = set()
    while True:
        one = with_figures[rng.integers(len(with_figures))]
        text = re.sub("[0-9]", lambda _: str(rng.integers(1, 10)), one.text)
        if text not in seen:
            seen.add(text)
            yield Document(DocId(f"{prefix}{len(seen)}"), text, one.entities)


def make_project(folder: Path, n_annotated: int, n_queued: int) -> str:
    """Make the project in the database that ALLABEL_DATABASE names, with two people; returns a key for callers."""
    Project.create(folder, LabelSchema.read(CORPUS / "labels.toml")).close()
    # Sentences with other figures in them are what this project is made of.
    (folder / "allabel.toml").write_text('duplicates = "keep"\nblind_share = 0.0\n', encoding="utf-8")
    with Project.open(folder) as project:
        made = texts(0, "soak-")
        for role, n in (("annotations", n_annotated), ("texts", n_queued)):
            records = [Record(i, one) for i, one in enumerate(islice(made, n), 1)]
            project.import_records(records, Path("made"), role)
        project.select(str(n_queued), "uniform")
        accounts = Accounts(project.store)
        for name, role in PEOPLE.items():
            accounts.add(name, role, PASSWORD)
        _, key = Keys(project.store).add("soak", list(Scope))
    return key
