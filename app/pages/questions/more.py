"""What a curator decides: how much more is asked. And how old the model is that asks."""

from functools import partial

import streamlit as st

from allabel.errors import AllabelError
from allabel.finetuning import age
from allabel.jobs import ask_people
from app import live, problems
from app.state import Work
from app.wording import plain

_TOLD = "questions.told"
_LEVELS = {"Whole entities": "entities", "Single words": "tokens"}


def draw(work: Work) -> None:
    """Draw the form that asks for more questions, and the command that makes the model that asks."""
    st.subheader("Ask more")
    found = age(work.project)
    if found is None:
        st.info(
            "Questions come from a tuned model, and there is none yet. Annotate some texts, then train one in a "
            "terminal, in the project's folder:",
            icon=":material/info:",
        )
        st.code("allabel finetune --ask 50entities", language=None)
        return
    st.caption(plain(f"Asked by {found.sentence()}."))
    with st.form("questions.more", border=False):
        left, middle, right = st.columns([1, 2, 1], vertical_alignment="bottom")
        n = left.number_input("How many", 1, 10_000, 100, key="questions.n")
        level = middle.radio("About", list(_LEVELS), horizontal=True, key="questions.level")
        pressed = right.form_submit_button("Ask", type="primary", icon=":material/add:", width="stretch")
    if pressed and level is not None:
        _ask(work, f"{int(n)}{_LEVELS[level]}")
    if told := st.session_state.pop(_TOLD, ""):
        st.caption(told)


def _ask(work: Work, wanted: str) -> None:
    try:
        with st.spinner("The model reads the texts that nobody annotated"):
            n = live.suggestions(work).apart(partial(ask_people, wanted=wanted))
    except AllabelError as error:
        problems.show(error)
        return
    st.session_state[_TOLD] = f"Asked {n:,} more." if n else "Nothing is left to ask about."
    st.rerun()
