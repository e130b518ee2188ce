"""Annotate: one text after another, with all that helps beside it."""

from functools import partial

import streamlit as st

from allabel.people.desk import Desk
from allabel.people.terms import Terms
from app import live
from app.pages.annotate import aside
from app.pages.annotate.editor import draw_editor, shown
from app.sitting import Sitting
from app.state import Work

_SITTING = "annotate.sitting"
_STYLE = """<style>
[data-testid="stMainBlockContainer"]:has(.st-key-annotate) { padding-inline: clamp(1rem, 3vw, 3rem); }
</style>"""


def show(work: Work) -> None:
    """Draw the page."""
    sitting = _sitting(work)
    with st.container(key="annotate"):
        _page(work, sitting)


def _sitting(work: Work) -> Sitting:
    """Return the sitting of this tab; a new one where the project or the person is another."""
    # The project is opened anew where its labels changed: the desk has to check by those that hold now.
    known = st.session_state.get(_SITTING)
    if known is None or known[0] is not work.project or known[1] != work.person.name:
        desk = Desk(work.project.store, work.project.schema, work.person, work.project.settings)
        terms = Terms(work.project.store, work.project.schema)
        live.suggestions(work)
        sitting = Sitting(desk, terms, desk.next, passed=lambda _: live.passed(work))
        if known is not None and known[1] == work.person.name:
            sitting.acked = known[2].acked
        known = (work.project, work.person.name, sitting)
        st.session_state[_SITTING] = known
    found: Sitting = known[2]
    return found


@st.fragment
def _page(work: Work, sitting: Sitting) -> None:
    """Draw text and figures; only this part runs again while a person annotates."""
    live.drawn(work, partial(_draw, work, sitting))


def _draw(work: Work, sitting: Sitting) -> None:
    st.html(_STYLE)
    task = sitting.current()
    if task is None:
        aside.nothing_left(work, sitting)
        return
    left, right = st.columns([4, 1], gap="medium")
    with left:
        draw_editor(work, sitting, task, shown(work, sitting, task), key="annotate.editor")
        aside.demonstrations(work, sitting)
    with right:
        aside.draw(work, sitting, task)
