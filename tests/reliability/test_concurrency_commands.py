"""Several programs that make a project, or choose its texts, at the same moment: as if one came after the other."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from with_stores import DATABASES, empty_store

from allabel.document import DocId, Document
from allabel.errors import StoreError
from allabel.project import Project
from allabel.schema import LabelSchema
from allabel.selecting import Selected

N_PROGRAMS, N_EACH = 4, 7


@pytest.fixture(params=DATABASES)
def folder(
    request: pytest.FixtureRequest,
    pytestconfig: pytest.Config,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Path]:
    """A project of forty texts, on each database."""
    with empty_store(request.param, pytestconfig, tmp_path) as made:
        monkeypatch.setenv("ALLABEL_DATABASE", made if "://" in made else f"sqlite:///{made}")
        with Project.create(tmp_path / "p", LabelSchema.of(["Chemical"])) as project:
            texts = (f"NaCl was added to {i} parts of water in run {i}" for i in range(40))
            project.store.add_documents(Document(DocId(f"t{i}"), text) for i, text in enumerate(texts))
        yield tmp_path / "p"


def at_once(folder: Path, choose: Callable[[Project, int], Selected]) -> list[Selected]:
    """Let programs with a project each choose when all are ready."""
    ready = threading.Barrier(N_PROGRAMS)

    def run(number: int) -> Selected:
        with Project.open(folder) as project:
            ready.wait()
            return choose(project, number)

    with ThreadPoolExecutor(N_PROGRAMS) as programs:
        return list(programs.map(run, range(N_PROGRAMS)))


def test_of_programs_that_make_the_same_project_one_does(tmp_path: Path) -> None:
    """The labels that stand are those of who was told that they do."""
    refused: list[str] = []
    for attempt in range(8):
        ready, folder = threading.Barrier(N_PROGRAMS), tmp_path / str(attempt)

        def make(number: int, ready: threading.Barrier = ready, folder: Path = folder) -> tuple[str, ...]:
            ready.wait()
            # Some come while the first is at its database, some while it is at the labels.
            time.sleep(0.02 * number)
            try:
                with Project.create(folder, LabelSchema.of([f"Label{number}"])) as project:
                    return project.schema.names
            except StoreError as error:
                refused.append(error.problem)
                return ()

        with ThreadPoolExecutor(N_PROGRAMS) as programs:
            (made,) = filter(None, programs.map(make, range(N_PROGRAMS)))
        with Project.open(folder) as project:
            assert project.schema.names == made
    assert all("already" in one for one in refused)


def test_no_text_is_chosen_by_two(folder: Path) -> None:
    heard: list[str] = []
    got = at_once(folder, lambda project, i: project.select(str(N_EACH), "uniform", i, tell=heard.append))
    chosen = [pick.doc_id for one in got for pick in one.picks]
    assert len(chosen) == len(set(chosen)) == N_PROGRAMS * N_EACH
    # They were at it at the same moment, or this test says nothing.
    assert "choosing anew" in heard[0]
    with Project.open(folder) as project:
        assert len(project.store.queue()) == N_PROGRAMS * N_EACH


def test_the_same_selection_is_made_once_and_shown_to_the_others(folder: Path) -> None:
    got = at_once(folder, lambda project, _: project.select(str(N_EACH), "uniform"))
    assert sorted(one.repeated for one in got) == [False, True, True, True]
    assert len({tuple(pick.doc_id for pick in one.picks) for one in got}) == 1
    with Project.open(folder) as project:
        assert len(project.store.selections()) == 1


def test_a_stage_is_gone_on_with_once(folder: Path) -> None:
    budget, strategy = "8", "uniform:1,perplexity:1"
    with Project.open(folder) as project:
        first = project.select(budget, strategy)
        texts = {document.id: document for document in project.store.documents()}
        project.store.add_gold(
            Document(id, texts[id].text, entities=()) for id in (pick.doc_id for pick in first.picks)
        )
        assert project.annotate_from_gold() == len(first.picks) == 4
    got = at_once(folder, lambda project, _: project.select(budget, strategy))
    assert sum(not one.repeated for one in got) == 1
    with Project.open(folder) as project:
        assert len(project.store.picks()) == 8
        assert not project.unfinished()
