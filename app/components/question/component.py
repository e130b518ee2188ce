"""Questions one by one as a Streamlit component: the next is drawn before the server has heard of the last answer."""

from collections.abc import Callable
from functools import cache
from typing import Any

import streamlit as st

from app.components import asset
from app.components.question.data import AskData, Reply, payload, read_replies

# In this order they make one module. What keeps work in the browser, and what a key of a label is, are the editor's.
SCRIPTS = (("span_editor", "outbox.js"), ("span_editor", "keys.js"), ("question", "question.js"))


@cache
def _mount() -> Callable[..., Any]:
    return st.components.v2.component(
        "allabel_question",
        html=asset("question", "question.html"),
        css=asset("question", "question.css"),
        js="\n".join(asset(*script) for script in SCRIPTS),
        isolate_styles=False,
    )


def ask(data: AskData, key: str, on_replies: Callable[[], None]) -> None:
    """Show the questions. on_replies: called before the script runs again; `pending_replies(key)` gives them there.

    Replies come again until their ids are in `data.acked`: deal with each id once.
    """
    _mount()(key=key, data=payload(data), on_outbox_change=on_replies)


def pending_replies(key: str) -> list[Reply]:
    """Give what the browser sent last, for use in `on_replies`."""
    state = st.session_state.get(key)
    return read_replies(state.get("outbox") if state else None)
