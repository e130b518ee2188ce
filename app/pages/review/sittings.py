"""A reviewer's sitting: texts from a list, answers that are kept as reviews."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from allabel.document import DocId
from allabel.errors import StoreError
from allabel.people.desk import Desk, Task
from allabel.people.terms import Terms
from allabel.review.answers import REVIEW
from app import live
from app.sitting import Sitting
from app.state import Work


def sitting(work: Work, view: str, waiting: Sequence[DocId]) -> Sitting:
    """Return the sitting of one view in this tab: it goes through `waiting`, what was skipped here at the end.

    A text in hand that waits no longer is let go.
    """
    key = f"review.sitting.{view}"
    known = st.session_state.get(key)
    if known is None or known[0] is not work.project or known[1] != work.person:
        desk = Desk(work.project.store, work.project.schema, work.person, work.project.settings, reviews=True)
        terms = Terms(work.project.store, work.project.schema)
        known = (work.project, work.person, Sitting(desk, terms, lambda: None, REVIEW))
        st.session_state[key] = known
    found: Sitting = known[2]
    skipped: dict[DocId, None] = st.session_state.setdefault(f"{key}.skipped", {})

    def passed(doc_id: DocId) -> None:
        skipped[doc_id] = None
        live.passed(work)

    found.passed = passed
    found.choose = partial(_first, found.desk, sorted(waiting, key=skipped.__contains__))
    if found.task is not None and found.task.document.id not in waiting:
        found.task = None
    return found


def _first(desk: Desk, waiting: Sequence[DocId]) -> Task | None:
    """Take the first text that nobody else has in hand."""
    for doc_id in waiting:
        try:
            return desk.open(doc_id)
        except StoreError:
            continue
    return None
