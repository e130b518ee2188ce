"""A refresh of suggestions in a real project: which texts are tagged, when again, by which backend, beside savers."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import faulty_server
import numpy as np
import pytest
from faulty_server import FaultyServer

from allabel import jobs
from allabel.config import Settings
from allabel.document import Annotation, DocId, Span
from allabel.errors import LabelError
from allabel.outlook import Outlooks
from allabel.people.accounts import Person
from allabel.people.desk import Desk
from allabel.people.marks import Kind, add_mark
from allabel.people.roles import Role
from allabel.people.task import Answer
from allabel.project import Project
from allabel.refreshing import refresh
from allabel.reply import Grounding, Proposal, Reply, Status, TaggedDocument
from allabel.review.anchoring import comparable
from allabel.review.doubts import Doubt
from allabel.suggesting import Suggestions

SALT = Span(0, 4, "Salt")


@pytest.fixture
def project(tmp_path: Path, allabel: Callable[..., Any]) -> Iterator[Project]:
    """Sixty texts, fifty of them queued."""
    file, folder = tmp_path / "texts.jsonl", tmp_path / "project"
    lines = [{"id": str(i), "text": f"NaCl was weighed, step {i} ."} for i in range(60)]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    allabel("init", folder, "--labels", "Salt")
    assert allabel("-p", folder, "import", file).status == 0
    assert allabel("-p", folder, "select", "--budget", "50", "--strategy", "uniform").status == 0
    with Project.open(folder) as project:
        yield project


def queued(project: Project, n: int) -> list[DocId]:
    return [pick.doc_id for pick in project.store.queue()[:n]]


def annotate(project: Project, ids: list[DocId], *spans: Span) -> None:
    project.store.add_annotations([Annotation(id, spans, "ann", "app", datetime.now(UTC)) for id in ids])


def test_nothing_is_suggested_before_the_first_annotation(project: Project):
    done = refresh(project)
    assert (done.n_tagged, done.learned, done.next_after) == (0, None, 1)
    assert project.store.tagged() == {}


def test_the_next_texts_and_no_others_get_a_suggestion(project: Project):
    annotate(project, queued(project, 3), SALT)
    done = refresh(project, ahead=10)
    assert (done.n_tagged, done.n_annotated, done.next_after) == (10, 3, 5)
    assert {*project.store.tagged()} == {*queued(project, 10)}
    assert all(one.reply.spans == (SALT,) for one in project.store.tagged().values())


def test_a_second_refresh_does_nothing_until_a_text_is_without_or_five_annotations_are_new(project: Project):
    annotate(project, queued(project, 3), SALT)
    first = refresh(project, ahead=10)
    assert refresh(project, first.learned, ahead=10).n_tagged == 0
    # Four more are too few to learn anew; but the queue moved on, and the texts that entered have nothing.
    annotate(project, queued(project, 4), SALT)
    assert refresh(project, first.learned, ahead=6).n_tagged == 0
    moved = refresh(project, first.learned, ahead=10)
    assert moved.n_tagged == 10
    annotate(project, queued(project, 5), SALT)
    again = refresh(project, moved.learned, ahead=5)
    assert again.n_tagged == 5
    assert len({one.model for one in project.store.tagged().values()}) == 3


def test_texts_that_somebody_skipped_do_not_keep_others_from_a_suggestion(project: Project):
    first = queued(project, 8)
    annotate(project, first[:1], SALT)
    with project.store.writes() as connection:
        for id in first[1:5]:
            add_mark(connection, id, Kind.SKIP, "ann", datetime.now(UTC))
    assert refresh(project, ahead=3).n_tagged == 3
    assert {*project.store.tagged()} == {*first[5:8]}


def test_edited_annotations_count_as_new_ones(project: Project):
    ids = queued(project, 6)
    annotate(project, ids, SALT)
    first = refresh(project, ahead=4)
    annotate(project, ids[:4])
    assert refresh(project, first.learned, ahead=4).n_tagged == 0
    annotate(project, ids[4:])
    assert refresh(project, first.learned, ahead=4).n_tagged == 4


def test_the_annotator_on_board_leaves_a_language_models_suggestion_alone(project: Project):
    ids = queued(project, 4)
    annotate(project, ids[:1], SALT)
    text = project.store.document(ids[1]).text
    proposal = Proposal("Salt", "was", Span(5, 8, "Salt"), Grounding.EXACT)
    asked = TaggedDocument(ids[1], text, Reply(Status.OK, (proposal,)), "chat", "m")
    project.store.add_tagged([asked])
    assert refresh(project, ahead=3).n_tagged == 2
    assert project.store.tagged()[ids[1]].backend == "chat"


def test_answers_kept_by_a_desk_are_compared_with_the_suggestion_they_saw_or_did_not_see(project: Project):
    annotate(project, queued(project, 3), SALT)
    refresh(project)
    ann = Person("ann", Role.ANNOTATOR, active=True, at=datetime.now(UTC))
    desk = Desk(project.store, project.schema, ann, Settings(blind_share=0.4))
    blind: set[DocId] = set()
    for i in range(20):
        task = desk.next()
        assert task is not None
        blind |= {task.document.id} if task.blind else set()
        desk.save(Answer(task.document.id, (SALT,) if i % 4 else (), task.version, f"save-{i}", 3.0))
    history = [answer for document in project.store.documents() for answer in project.store.history(document.id)]
    tagged = project.store.tagged_of([answer.doc_id for answer in history])
    compared, n_left_out = comparable(history, dict(tagged.values()))
    assert (len(compared), n_left_out) == (20, 3)  # the first three had no suggestion
    assert {one.doc_id for one in compared if one.blind} == blind
    assert 0 < len(blind) < 20
    assert sum(one.suggestion == one.answer for one in compared) == 15


def test_a_label_that_left_the_schema_is_told(project: Project):
    annotate(project, queued(project, 1), Span(0, 4, "Sugar"))
    with pytest.raises(LabelError, match="'Sugar'"):
        refresh(project)


def test_suggestions_are_made_while_people_save_and_no_save_is_lost(project: Project):
    ids = queued(project, 50)
    annotate(project, ids[:5], SALT)
    suggestions = Suggestions(project.folder, ahead=20)
    saved: list[DocId] = []

    def save(mine: list[DocId]) -> None:
        for id in mine:
            annotate(project, [id], SALT)
            saved.append(id)
            suggestions.poke()

    people = [threading.Thread(target=save, args=(ids[5 + i : 29 : 4],)) for i in range(4)]
    for person in people:
        person.start()
    made = suggestions.refresh()
    for person in people:
        person.join()
    suggestions.refresh()
    suggestions.stop()
    assert made > 0
    assert {*project.store.annotations()} == {*ids[:5], *saved}
    assert {*queued(project, 20)} <= {*project.store.tagged()}


def test_the_outlook_is_kept_and_worked_out_anew_as_texts_are_answered(project: Project):
    outlooks = Outlooks(project.folder, every=4)
    assert outlooks.last is None
    outlooks.start()
    try:
        wait_for(lambda: outlooks.last is not None)
        first = outlooks.last
        assert (first.n_annotated, first.time_left.n_texts, first.spent.used) == (0, 50, 0)
        assert first.worth.gain is None
        annotate(project, queued(project, 24), SALT)
        for _ in range(4):
            outlooks.poke()
        wait_for(lambda: outlooks.last.n_annotated == 24)
        found = outlooks.last
        assert (found.time_left.n_texts, found.spent.used, found.spent.total) == (26, 24, 50)
        assert np.isfinite([found.worth.gain, found.worth.low, found.worth.high]).all()
        assert outlooks.problem == ""
    finally:
        outlooks.stop()


def test_an_outlook_that_fails_is_told_and_the_last_one_stays(project: Project):
    outlooks = Outlooks(project.folder)
    outlooks.start()
    try:
        wait_for(lambda: outlooks.last is not None)
        kept = outlooks.last
        (project.folder / "labels.toml").unlink()
        outlooks.poke(at_once=True)
        wait_for(lambda: "there is no project here" in outlooks.problem)
        assert outlooks.last == kept
    finally:
        outlooks.stop()


def wait_for(true: Callable[[], Any], seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.02)


def test_doubts_run_apart_over_a_folder(project: Project):
    ids = queued(project, 24)
    annotate(project, ids, SALT)
    annotate(project, ids[:1])
    suggestions = Suggestions(project.folder)
    [doubt] = suggestions.apart(jobs.doubts_of)
    assert (doubt.doc_id, doubt.doubt, doubt.proposed) == (ids[0], Doubt.NOT_MARKED, SALT)
    suggestions.stop()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyServer]:
    monkeypatch.setattr(faulty_server, "content_for", lambda text: json.dumps({"Salt": ["NaCl"]}))
    with FaultyServer() as scripted:
        yield scripted


def settings(server: FaultyServer) -> dict[str, Any]:
    return {"backend": "chat", "base_url": server.url, "model": "m", "retries": 0}


@pytest.mark.enable_socket
def test_a_language_model_is_asked_about_the_next_texts_once_and_needs_no_annotation(
    project: Project, server: FaultyServer
):
    with Project.open(project.folder, **settings(server)) as asking:
        first = refresh(asking, ahead=6)
        assert (first.n_tagged, first.problem) == (6, "")
        n_asked = len(server.requests)
        assert refresh(asking, first.learned, ahead=6).n_tagged == 0
        # Six answers and six new texts: the four that were suggested already are paid for, and stay.
        annotate(asking, queued(asking, 2), SALT)
        assert refresh(asking, first.learned, ahead=6).n_tagged == 2
        assert len(server.requests) == n_asked + 2


@pytest.mark.enable_socket
def test_replies_that_fail_are_told_and_asked_for_again(project: Project, server: FaultyServer):
    server.script = lambda text, n_before: "400" if "NaCl" in text and n_before == 0 else ""
    with Project.open(project.folder, **settings(server)) as asking:
        failed = refresh(asking, ahead=3)
        assert (failed.n_tagged, failed.n_failed) == (0, 3)
        assert "3 of 3 texts" in failed.problem
        assert refresh(asking, failed.learned, ahead=3).n_tagged == 3
