"""Start: make a project, say what its labels mean, bring texts in."""

import streamlit as st

from app.pages.start import importing, labels
from app.state import Work
from app.wording import plain


def show(work: Work) -> None:
    """Draw the page."""
    if work.opened is None:
        st.title("A new project")
        st.caption(f"In the folder {plain(work.folder)}")
        labels.make(work.folder)
        return
    st.title("Start")
    counts = work.project.counts()
    for column, (what, n) in zip(
        st.columns(4),
        (
            ("Texts", counts.documents),
            ("Queued", counts.queued),
            ("Annotated", counts.annotated),
            ("Gold", counts.gold),
        ),
        strict=True,
    ):
        column.metric(what, f"{n:,}")
    tab_import, tab_labels = st.tabs(["Import", "Labels"])
    with tab_import:
        importing.draw(work)
    with tab_labels:
        labels.edit(work)
