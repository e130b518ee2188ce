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
from app.tab import remembered

_STYLE = """<style>
[data-testid="stMainBlockContainer"]:has(.st-key-annotate) { padding-inline: clamp(1rem, 3vw, 3rem); }
</style>"""


def show(work: Work) -> None:
    """Draw the page."""
    sitting = remembered(work, "annotate.sitting", partial(_sitting, work))
    with st.container(key="annotate"):
        _page(work, sitting)


def _sitting(work: Work) -> Sitting:
    desk = Desk(work.project.store, work.project.schema, work.person, work.project.settings)
    terms = Terms(work.project.store, work.project.schema)
    live.suggestions(work)
    return Sitting(desk, terms, desk.next, passed=lambda _: live.passed(work))


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
