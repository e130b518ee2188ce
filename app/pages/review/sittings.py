"""A reviewer's sitting: texts from a list, answers that are kept as reviews."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import streamlit as st

from allabel.document import DocId
from allabel.people.desk import Desk, Task
from allabel.people.errors import TakenError
from allabel.people.terms import Terms
from allabel.review.answers import REVIEW
from app import live
from app.components.span_editor.data import EditorData
from app.pages.annotate.editor import shown
from app.sitting import Sitting
from app.state import Work
from app.tab import remembered


def sitting(work: Work, view: str, waiting: Sequence[DocId]) -> Sitting:
    """Return the sitting of one view in this tab: it goes through `waiting`, what was skipped here at the end."""
    key = f"review.sitting.{view}"
    found = remembered(work, key, partial(_sitting, work))
    done: dict[DocId, None] = st.session_state.setdefault(f"{key}.done", {})

    def passed(doc_id: DocId) -> None:
        done.pop(doc_id, None)
        done[doc_id] = None
        live.passed(work)

    found.passed = passed
    found.choose = partial(_first, found.desk, sorted(waiting, key=done.__contains__))
    found.earlier = partial(_earlier, found.desk, done)
    return found


def reviewed(work: Work, here: Sitting, task: Task) -> EditorData:
    """Return what the editor shows a reviewer of a task, before anything is suggested.

    The browser keeps what a reviewer does apart from what the same person annotates, as the store does.
    """
    return replace(shown(work, here, task), project=f"{work.folder} review", suggestions=(), mode="review")


def _sitting(work: Work) -> Sitting:
    desk = Desk(work.project.store, work.project.schema, work.person, work.project.settings, reviews=True)
    return Sitting(desk, Terms(work.project.store, work.project.schema), lambda: None, REVIEW)


def _first(desk: Desk, waiting: Sequence[DocId]) -> Task | None:
    """Take the first text that nobody else has in hand."""
    for doc_id in waiting:
        try:
            return desk.open(doc_id)
        except TakenError:
            continue
    return None


def _earlier(desk: Desk, done: Mapping[DocId, None], doc_id: DocId) -> Task | None:
    """Take the text that was done in this view before that one: a reviewer's own annotations are no reviews."""
    ids = list(done)
    earlier = ids[: ids.index(doc_id)] if doc_id in done else ids
    return desk.open(earlier[-1]) if earlier else None
