"""What lives as long as the server, one of each a project: suggestions, and the outlook. And whether a page does."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import streamlit as st
from streamlit.errors import StreamlitAPIException

from allabel.errors import AllabelError, StoreError
from allabel.outlook import Outlooks
from allabel.suggesting import Suggestions
from app import problems, signin, state
from app.state import Work

# How often a page that waits for the store looks whether it is there again.
LOOK_AGAIN_S = 3


@st.cache_resource(show_spinner=False, on_release=Suggestions.stop)
def _suggestions(folder: str) -> Suggestions:
    kept = Suggestions(Path(folder))
    kept.start()
    return kept


@st.cache_resource(show_spinner=False, on_release=Outlooks.stop)
def _outlooks(folder: str) -> Outlooks:
    kept = Outlooks(Path(folder))
    kept.start()
    return kept


def suggestions(work: Work) -> Suggestions:
    """Return what keeps the suggestions of this project fresh; it is begun where it is not at work yet."""
    return _suggestions(str(work.folder))


def outlooks(work: Work) -> Outlooks:
    """Return what works out time left, budget and worth of this project."""
    return _outlooks(str(work.folder))


def passed(work: Work) -> None:
    """Tell that a text was answered or skipped: suggestions and figures may be due."""
    suggestions(work).poke()
    outlooks(work).poke()


def chosen(work: Work) -> None:
    """Tell that the queue is another: the texts that are next now want suggestions before anybody opens them."""
    suggestions(work).poke(at_once=True)
    outlooks(work).poke(at_once=True)


def is_over(work: Work) -> bool:
    """Tell whether the session of this tab ended while the page was open, or the person may do other things since.

    Raises StoreError where nobody can tell.
    """
    if work.alone:
        return work.accounts.any()
    person = work.accounts.person_of(st.session_state.get(signin.TOKEN, ""))
    return person is None or (person.name, person.role) != (work.person.name, work.person.role)


def holds(work: Work) -> bool:
    """Tell whether this page still speaks of the project as it is, to a person who is signed in and may see it.

    Raises InputError where the project is gone, damaged or locked.
    """
    return state.keeper(str(work.folder)).project() is work.opened and not is_over(work)


def can_save(work: Work) -> bool:
    """Tell whether what the browser sent may be kept now; where not, it keeps that until it is."""
    try:
        return holds(work)
    except AllabelError:
        return False


def again() -> None:
    """Draw this part of the page again at once; all of it, where all of it is being drawn."""
    try:
        st.rerun(scope="fragment")
    except StreamlitAPIException:
        st.rerun()


def drawn(work: Work, draw: Callable[[], None]) -> None:
    """Draw the part of a page that runs by itself, again and again; call it in a fragment.

    Where the session ended, or the project's files changed, the whole page is drawn anew. Where the project cannot be
    read just now, that is said, and the page goes on by itself when it can.
    """
    problems.guarded(partial(_drawn, work, draw), details=work.alone)


def _drawn(work: Work, draw: Callable[[], None]) -> None:
    if not _reachable(work):
        st.rerun()
    try:
        draw()
    except StoreError as error:
        problems.show(error)
        st.caption("What you did is kept. This page goes on by itself as soon as it can.")
        _look_again(time.monotonic())


def _reachable(work: Work) -> bool:
    try:
        return holds(work)
    except AllabelError:
        # The shell says why a project cannot be opened, and waits for it.
        return False


@st.fragment(run_every=LOOK_AGAIN_S)
def _look_again(began: float) -> None:
    if time.monotonic() - began > LOOK_AGAIN_S / 2:
        st.rerun()
