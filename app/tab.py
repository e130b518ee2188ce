"""What a tab remembers of its work between two draws; none of it is the only copy."""

from collections.abc import Callable
from typing import Protocol, TypeVar

import streamlit as st

from app.state import Work


class Remembers(Protocol):
    """What deals with each thing a browser sends once. acked: ids of those that are dealt with."""

    acked: list[str]


R = TypeVar("R", bound=Remembers)


def remembered(work: Work, key: str, make: Callable[[], R]) -> R:
    """Return what this tab remembers under a key; made anew where the project or the person is another.

    What one person's browser sent stays dealt with. The project is opened anew where its labels changed: what is made
    for it has to check by those that hold now.
    """
    known = st.session_state.get(key)
    if known is None or known[0] is not work.project or known[1] != work.person.name:
        made = make()
        if known is not None and known[1] == work.person.name:
            made.acked = known[2].acked
        known = (work.project, work.person.name, made)
        st.session_state[key] = known
    found: R = known[2]
    return found
