"""When suggestions are old, work in a process of its own, and the thread that keeps suggestions fresh."""

import operator
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allabel import jobs
from allabel.apart import NICE, Apart, StoppedError
from allabel.document import DocId
from allabel.errors import AllabelError, InputError
from allabel.formats.native import dump_json
from allabel.refreshing import is_old
from allabel.suggesting import Doing, Suggestions

DIGESTS = st.dictionaries(st.integers(0, 80).map(lambda i: DocId(str(i))), st.sampled_from("ab"), max_size=80)


@given(DIGESTS, DIGESTS)
def test_suggestions_are_old_after_five_or_a_tenth_of_the_annotations_changed(
    then: dict[DocId, str], now: dict[DocId, str]
):
    n_changed = sum(then.get(id) != now.get(id) for id in then.keys() | now.keys())
    assert is_old(then, now) == (n_changed >= 5 and n_changed >= len(then) / 10)


def test_work_apart_is_done_in_another_process():
    apart = Apart()
    assert apart.call(os.getpid) != os.getpid()
    assert apart.call(operator.add, [1], [2]) == [1, 2]
    assert apart.call(os.getpriority, os.PRIO_PROCESS, 0) == min(19, os.getpriority(os.PRIO_PROCESS, 0) + NICE)
    apart.nice = 0
    assert apart.call(os.getpriority, os.PRIO_PROCESS, 0) == os.getpriority(os.PRIO_PROCESS, 0)


def test_what_the_work_prints_is_not_taken_for_its_result():
    assert Apart().call(print, "noise" * 100_000) is None


def test_an_input_error_comes_back_with_its_remedy_and_any_other_with_its_kind_and_place(tmp_path: Path):
    with pytest.raises(InputError, match="there is no project here") as error:
        Apart().call(jobs.doubts_of, tmp_path, {})
    assert error.value.remedy.startswith("allabel init")
    with pytest.raises(AllabelError, match=r"ZeroDivisionError \(apart.py, line \d+\)$"):
        Apart().call(operator.truediv, 1, 0)


def test_a_process_that_dies_is_told_of():
    with pytest.raises(AllabelError, match="ended with signal 9"):
        Apart().call(signal.raise_signal, signal.SIGKILL)
    with pytest.raises(AllabelError, match="ended with status 3"):
        Apart().call(os._exit, 3)


def test_stopping_ends_what_runs_and_lets_nothing_begin():
    apart = Apart()
    ended: list[BaseException] = []

    def work() -> None:
        try:
            apart.call(time.sleep, 60)
        except StoppedError as error:
            ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    wait_for(lambda: apart._process is not None)
    time.sleep(0.3)
    began = time.monotonic()
    apart.stop()
    thread.join()
    assert time.monotonic() - began < 10
    assert len(ended) == 1
    with pytest.raises(StoppedError):
        apart.call(os.getpid)
    apart.stop()


def wait_for(true: Callable[[], Any], seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.02)


@pytest.fixture
def folder(tmp_path: Path, allabel: Callable[..., Any]) -> Path:
    """A project of thirty texts, all of them queued."""
    file, folder = tmp_path / "texts.jsonl", tmp_path / "project"
    lines = [
        {"id": str(i), "text": f"NaCl was weighed, step {i} .", "entities": [{"start": 0, "end": 4, "label": "Salt"}]}
        for i in range(30)
    ]
    file.write_text("".join(dump_json(line, "", file) + "\n" for line in lines), encoding="utf-8")
    allabel("init", folder, "--labels", "Salt")
    assert allabel("-p", folder, "import", file, "--as", "gold").status == 0
    assert allabel("-p", folder, "select", "--budget", "30", "--strategy", "uniform").status == 0
    return folder


def annotate(folder: Path, *ids: int) -> None:
    from datetime import UTC, datetime

    from allabel.document import Annotation, Span
    from allabel.store.store import Store

    with Store.open(folder / "project.db") as store:
        store.add_annotations(
            [Annotation(DocId(str(i)), (Span(0, 4, "Salt"),), "ann", "app", datetime.now(UTC)) for i in ids]
        )


def tagged(folder: Path) -> int:
    from allabel.store.store import Store

    with Store.open(folder / "project.db") as store:
        return len(store.tagged())


def test_the_thread_begins_with_the_first_annotation_and_goes_on_as_texts_are_answered(folder: Path):
    before = set(threading.enumerate())
    suggestions = Suggestions(folder, ahead=8)
    suggestions.start()
    suggestions.start()
    try:
        wait_for(lambda: "begin when the first text is annotated" in suggestions.state().message)
        assert tagged(folder) == 0
        annotate(folder, 0)
        suggestions.poke()
        wait_for(lambda: "stand on 1 annotated texts" in suggestions.state().message)
        assert suggestions.state().doing is Doing.IDLE
        assert tagged(folder) == 8
        annotate(folder, 1, 2, 3, 4, 5)
        for _ in range(5):
            suggestions.poke()
        wait_for(lambda: "stand on 6 annotated texts" in suggestions.state().message)
    finally:
        suggestions.stop()
    assert suggestions.state().doing is Doing.STOPPED
    assert not {t for t in threading.enumerate() if t.name == "allabel-suggestions"} - before


def test_a_failure_is_told_with_its_remedy_and_tried_again_not_at_once_but_on_demand(folder: Path):
    annotate(folder, 0)
    labels = folder / "labels.toml"
    kept = labels.read_text(encoding="utf-8")
    labels.write_text(kept.replace("Salt", "Sugar"), encoding="utf-8")
    suggestions = Suggestions(folder, ahead=4)
    suggestions.start()
    try:
        wait_for(lambda: suggestions.state().doing is Doing.FAILED)
        failed = suggestions.state()
        assert "'Salt'" in failed.message
        assert "put 'Salt' back" in failed.remedy
        labels.write_text(kept, encoding="utf-8")
        suggestions.poke()
        time.sleep(0.2)
        assert suggestions.state() == failed
        suggestions.poke(at_once=True)
        wait_for(lambda: suggestions.state().doing is Doing.IDLE)
        assert tagged(folder) == 4
    finally:
        suggestions.stop()


def test_a_project_that_is_gone_fails_and_raises_nothing(tmp_path: Path):
    suggestions = Suggestions(tmp_path / "gone")
    suggestions.start()
    wait_for(lambda: suggestions.state().doing is Doing.FAILED)
    assert "there is no project here" in suggestions.state().message
    suggestions.stop()
    suggestions.stop()


def test_stopping_before_starting_is_no_mishap(tmp_path: Path):
    suggestions = Suggestions(tmp_path)
    suggestions.stop()
    suggestions.start()
    assert suggestions.state().doing is Doing.STOPPED
