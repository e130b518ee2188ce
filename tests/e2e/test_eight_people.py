"""Eight people annotate at once while the server is killed twice: nothing lost, nothing twice, nothing overwritten."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from with_stores import empty_store

from allabel.document import DocId, Document, Span
from allabel.formats.base import Record
from allabel.people.accounts import Accounts
from allabel.people.roles import Role
from allabel.project import Project
from allabel.schema import Label, LabelSchema
from app.settings import FOLDER

pytestmark = [pytest.mark.e2e, pytest.mark.enable_socket]
ENTRY = Path(__file__).resolve().parents[2] / "app" / "entry" / "allabel_app.py"
PEOPLE = [f"person-{i}" for i in range(1, 9)]
SECONDS = float(os.environ.get("ALLABEL_EIGHT_SECONDS", "120"))
SAVES = int(600 * SECONDS / 120)
PASSWORD = "salt water copper tin"


@dataclass
class Worker:
    """One person at a browser. done: the texts whose next one was shown, so that they must be in the store."""

    name: str
    page: Any
    in_hand: str = ""
    done: list[str] = field(default_factory=list)

    def sign_in(self, url: str) -> None:
        self.page.goto(url)
        self.page.get_by_label("Name").fill(self.name)
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_selector(".se[data-ready=true]")

    def step(self) -> bool:
        """Mark the first word as this person's label and save, where a new text is shown; tells whether it did."""
        seen = self.page.evaluate(
            "() => { const se = document.querySelector('.se'); return se && se.dataset.locked !== 'true' "
            "? se.querySelector('.se-line')?.textContent ?? '' : '' }"
        )
        if not seen or seen == self.in_hand or not seen.startswith("Text"):
            return False
        if self.in_hand:
            self.done.append(self.in_hand)
        self.in_hand = seen
        self.page.locator(".se-text").press(self.name[-1])
        self.page.keyboard.press("Enter")
        return True


@pytest.fixture(params=["sqlite", "postgresql"])
def folder(
    request: pytest.FixtureRequest, pytestconfig: pytest.Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    if request.param == "sqlite":
        yield project_for_eight(tmp_path / "project")
        return
    with empty_store("postgresql", pytestconfig, tmp_path) as url:
        monkeypatch.setenv("ALLABEL_DATABASE", url)
        yield project_for_eight(tmp_path / "project")


def project_for_eight(path: Path) -> Path:
    # Keys by name, so that what stands in the store tells who pressed it.
    labels = tuple(Label(name=name, key=name[-1]) for name in PEOPLE)
    with Project.create(path, LabelSchema(labels=labels)) as project:
        documents = [Document(DocId(f"t{i}"), f"Text{i} of water and salt") for i in range(SAVES + 400)]
        project.import_records([Record(i + 1, d) for i, d in enumerate(documents)], Path("texts"), "texts")
        project.select(str(len(documents)), "uniform")
        accounts = Accounts(project.store)
        for name in PEOPLE:
            accounts.add(name, Role.ADMIN if name == PEOPLE[0] else Role.ANNOTATOR, PASSWORD)
    return path


@pytest.fixture
def workers(chromium: Any) -> Iterator[list[Worker]]:
    contexts = [chromium.new_context(viewport={"width": 900, "height": 600}) for _ in PEOPLE]
    made = []
    for name, context in zip(PEOPLE, contexts, strict=True):
        page = context.new_page()
        page.set_default_timeout(60_000)
        made.append(Worker(name, page))
    yield made
    for context in contexts:
        context.close()


def test_nothing_is_lost_doubled_or_overwritten_while_the_server_is_killed_twice(
    folder: Path, served: Callable[..., Any], workers: list[Worker]
) -> None:
    env = {FOLDER: str(folder), **{k: v for k, v in os.environ.items() if k == "ALLABEL_DATABASE"}}
    server = served(ENTRY, env=env)
    for worker in workers:
        worker.sign_in(server.url)
    began, n_killed = time.monotonic(), 0
    while (passed := time.monotonic() - began) < SECONDS or sum(len(w.done) for w in workers) < SAVES:
        if n_killed < 2 and passed > (n_killed + 1) * SECONDS / 3:
            server.restart()
            n_killed += 1
        # Everybody takes a step: a list, which `any` does not cut short.
        steps = [worker.step() for worker in workers]
        if not any(steps):
            workers[0].page.wait_for_timeout(20)
        assert passed < 15 * SECONDS, {worker.name: len(worker.done) for worker in workers}
    server.kill9()
    promised = {(worker.name, text) for worker in workers for text in worker.done}
    with Project.open(folder) as project:
        texts = {document.id: document.text for document in project.store.documents()}
        kept = [answer for id in texts for answer in project.store.history(id)]
    print(f"{len(promised)} saves promised, {len(kept)} kept, {passed:.0f} s, killed {n_killed} times")
    said = Counter((answer.author, texts[answer.doc_id]) for answer in kept)
    assert promised <= set(said), "an answer whose next text was shown is not in the store"
    twice = {id for id, n in Counter(answer.doc_id for answer in kept).items() if n > 1}
    assert not twice, [answer for answer in kept if answer.doc_id in twice]
    assert len({answer.save_id for answer in kept}) == len(kept)
    for answer in kept:
        word = len(texts[answer.doc_id].split()[0])
        assert answer.entities == (Span(0, word, answer.author),)
    assert len(promised) >= SAVES
    assert n_killed == 2
