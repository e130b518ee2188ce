"""Review: where people disagree, where the model does, what was flagged, and how far all of it is to be trusted."""

from functools import partial

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


# As with tabs: the chosen one is told by its frame, its name keeps the page's own colour.
_STYLE = (
    '<style>[data-testid="stButtonGroup"] [aria-checked="true"], '
    '[data-testid="stButtonGroup"] [aria-checked="true"] * { color: inherit !important; }'
    '[data-testid="stMainBlockContainer"]:has(.st-key-review) { padding-inline: clamp(1rem, 3vw, 3rem); }</style>'
)


def show(work: Work) -> None:
    """Draw the page."""
    st.html(_STYLE)
    st.title("Review")
    with st.container(key="review"):
        _page(work)


@st.fragment
def _page(work: Work) -> None:
    live.drawn(work, partial(_draw, work))


def _draw(work: Work) -> None:
    view = st.segmented_control(
        "What to review", list(_VIEWS), default="Disagreements", key="review.view", label_visibility="collapsed"
    )
    _VIEWS[view or "Disagreements"](work)
