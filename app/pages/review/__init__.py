"""Review: where people disagree, where the model does, what was flagged, and how far all of it is to be trusted."""

import streamlit as st

from app import live
from app.pages.review import deciding, doubted, figures, inbox
from app.state import Work

_VIEWS = {
    "Disagreements": deciding.draw,
    "Model disagrees": doubted.draw,
    "Flags": inbox.draw_flags,
    "Not in the text": inbox.draw_ungrounded,
    "Agreement": figures.draw,
}


def show(work: Work) -> None:
    """Draw the page."""
    st.title("Review")
    _page(work)


@st.fragment
def _page(work: Work) -> None:
    live.still_there(work)
    view = st.segmented_control(
        "What to review", list(_VIEWS), default="Disagreements", key="review.view", label_visibility="collapsed"
    )
    _VIEWS[view or "Disagreements"](work)
