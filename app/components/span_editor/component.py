"""The span editor as a Streamlit component."""

from collections.abc import Callable
from functools import cache
from typing import Any

import streamlit as st

from app.components import asset
from app.components.span_editor.data import EditorData, payload
from app.components.span_editor.ops import Op, read_ops

# In this order they make one module: each uses only what stands above it, or what is called later.
SCRIPTS = ("words.js", "model.js", "outbox.js", "draw.js", "panels.js", "commands.js", "keys.js", "editor.js")


@cache
def _mount() -> Callable[..., Any]:
    return st.components.v2.component(
        "allabel_span_editor",
        html=asset("span_editor", "editor.html"),
        css=asset("span_editor", "editor.css"),
        js="\n".join(asset("span_editor", script) for script in SCRIPTS),
        # Selections inside a shadow root are not seen alike by all browsers; every rule begins with `.se` instead.
        isolate_styles=False,
    )


def span_editor(data: EditorData, key: str, on_ops: Callable[[], None] | None = None) -> list[Op]:
    """Show the editor, and give what the person did that is not in `data.acked`, oldest first.

    on_ops: called before the script runs again, when ops came; `pending_ops(key)` gives them there.
    Ops come again until acked, also from another tab or after a restart: deal with each id once.
    """
    result = _mount()(key=key, data=payload(data), on_outbox_change=on_ops or _nothing)
    return read_ops(result.get("outbox"), frozenset(data.acked))


def pending_ops(key: str) -> list[Op]:
    """Give what the browser sent last, for use in `on_ops`."""
    state = st.session_state.get(key)
    return read_ops(state.get("outbox") if state else None)


def _nothing() -> None:
    """Stand in for a callback: Streamlit keeps a value only where one is named."""
