"""What lives as long as the server, one of each a project: suggestions, and the outlook. And whether a session does."""

from pathlib import Path

import streamlit as st

from allabel.outlook import Outlooks
from allabel.suggesting import Suggestions
from app import signin
from app.state import Work


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


def is_over(work: Work) -> bool:
    """Tell whether the session of this tab ended while the page was open."""
    return not work.alone and work.accounts.person_of(st.session_state.get(signin.TOKEN, "")) is None


def still_there(work: Work) -> None:
    """Go back to the sign-in where the session ended; nothing that was entered is lost by it."""
    if is_over(work):
        st.rerun()
