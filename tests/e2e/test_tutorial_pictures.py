"""The chemist's tutorial as far as it is carried out in the browser, on its own texts; pictures are taken on the way.

docs/pictures/README.md says how they get into the docs.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from at_work import Worker, themed
from served import CORPUS

from allabel.document import Document
from allabel.formats.base import Record
from allabel.formats.registry import read_documents
from allabel.project import Project
from allabel.schema import LabelSchema
from app.cli import ENTRY

pytestmark = [pytest.mark.e2e, pytest.mark.enable_socket]
BUDGET = "10%"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The tutorial's project after its fourth step: texts without answers, the first round queued."""
    folder = tmp_path / "my-project"
    with Project.create(folder, LabelSchema.read(CORPUS / "labels.toml")) as project:
        texts = [Record(n, Document(one.id, one.text)) for n, one in enumerate(gold().values(), 1)]
        project.import_records(texts, Path("texts"), "texts")
        project.select(BUDGET)
    return folder


def gold() -> dict[str, Document]:
    return {record.document.text: record.document for record in read_documents(CORPUS / "pool.jsonl")}


@pytest.fixture
def reader(folder: Path, page: Any, served: Callable[..., Any], tmp_path: Path) -> Worker:
    """Whoever follows the tutorial, on this machine, where nobody has to sign in."""
    with Project.open(folder) as project:
        keys = {label.name: label.key for label in project.schema.labels}
    page.set_viewport_size({"width": 1280, "height": 720})
    page.emulate_media(color_scheme="light")
    as_by_command = {"STREAMLIT_CLIENT_TOOLBAR_MODE": "minimal", "USER": "maria", "LOGNAME": "maria"}
    return Worker(tmp_path, served(ENTRY, env=themed(folder, **as_by_command)), page, keys)


def test_the_chemists_tutorial_goes_as_it_says(reader: Worker, folder: Path, shots: Path) -> None:
    page, meant = reader.page, gold()
    page.goto(f"{reader.server.url}/annotate")
    for n in range(1, 7):
        reader.ready()
        spans = meant[reader.text].entities or ()
        for span in spans:
            page.locator(f".se-label[data-label={span.label}]").click()
            # By characters: "ethanol/water" is one word and two solvents.
            reader.drag(span.start, span.end, alt=True)
            # The pen of the next label would give it to the entity that is still in hand.
            page.keyboard.press("Escape")
        assert reader.spans("confirmed") == {*spans}
        if n == 1:
            reader.settled()
            taken(page, shots / "annotate.png")
        reader.leave("Enter" if spans else "0", last=n == 6)
    page.get_by_role("heading", name="Nothing waits for you").wait_for()
    with Project.open(folder) as project:
        assert all({*one.entities} == {*meant[one.text].entities} for one in project.annotated())

    chosen_in_the_browser(page)
    page.get_by_text(re.compile("^Queued 6 texts")).wait_for()
    page.get_by_role("button", name="Stop").wait_for(state="detached")
    taken(page, shots / "select.png")
    suggested(folder)
    page.get_by_role("link", name="Annotate", exact=True).click()
    reader.ready()
    for _ in range(6):
        if reader.spans("suggested"):
            break
        reader.leave("-")
    assert reader.spans("suggested"), "suggestions come along after a round"
    taken(page, shots / "annotate-suggested.png")

    with Project.open(folder) as project:
        project.import_records(read_documents(CORPUS / "pool.jsonl"), CORPUS / "pool.jsonl", "gold")
        for _ in range(5):
            project.annotate_from_gold()
            project.select(BUDGET)
        assert not project.store.queue()
        assert project.counts().annotated == 27


def chosen_in_the_browser(page: Any) -> None:
    page.get_by_role("link", name="Select", exact=True).click()
    page.get_by_role("heading", name="Select", level=1).wait_for()
    page.get_by_role("button", name="Choose these texts").click()


def suggested(folder: Path) -> None:
    """Tag the queue, as the app does beside the work; how soon it does is tested elsewhere."""
    with Project.open(folder) as project:
        waiting = {pick.doc_id for pick in project.store.queue()}
        for _ in project.tag([one for one in project.rest() if one.id in waiting], keep=True):
            pass


def taken(page: Any, path: Path) -> None:
    page.wait_for_timeout(400)
    page.screenshot(path=path)
    assert path.stat().st_size < 150_000
