"""How far people agree with each other, and whether suggestions pull their answers."""

import numpy as np
import streamlit as st

from allabel.document import DocId
from allabel.review.agreement import Agreement, agreement
from allabel.review.anchoring import anchoring, comparable
from app.state import Work
from app.wording import plain

_SEED = 0


def draw(work: Work) -> None:
    """Draw agreement and anchoring."""
    store = work.project.store
    history = store.answers()
    ids = {answer.doc_id for answer in history}
    texts: dict[DocId, str] = {id: document.text for id, document in store.documents_of(ids).items()}
    st.subheader("Agreement")
    _agreement(agreement(history, texts, np.random.default_rng(_SEED)))
    st.subheader("What suggestions do to answers")
    numbers = [answer.suggested for answer in history if answer.suggested is not None]
    compared, left_out = comparable(history, store.tagged_by_number(numbers))
    found = anchoring(compared, np.random.default_rng(_SEED))
    st.markdown(plain(found.sentence))
    st.caption(
        f"{found.n_shown:,} texts with the suggestion shown, {found.n_blind:,} drawn ones where it was withheld; "
        f"{left_out:,} answers could not be compared."
    )


def _agreement(found: Agreement) -> None:
    if not found.n_texts:
        st.info("No text was annotated by two people on their own yet.")
        return
    columns = st.columns(3)
    interval = "" if found.f1_low is None else f" ({found.f1_low:.3f} to {found.f1_high:.3f})"
    for column, name, value, more in (
        (columns[0], "Strict F1", found.f1, interval),
        (columns[1], "Cohen's kappa, tokens", found.cohen, ""),
        (columns[2], "Krippendorff's alpha, tokens", found.krippendorff, ""),
    ):
        column.metric(name, "–" if value is None else f"{value:.3f}{more}")
    for reason in dict.fromkeys(found.reasons.values()):
        st.caption(plain(reason))
    st.caption(f"{found.n_texts:,} texts by {', '.join(map(plain, found.people))}; {found.n_same:,} with one answer")
    left, right = st.columns(2)
    with left:
        st.dataframe([{"label": x, "strict F1": y} for x, y in found.per_label.items()], hide_index=True)
    with right:
        rows = [{"people": " and ".join(pair), "strict F1": y} for pair, y in found.by_pair.items()]
        st.dataframe(rows, hide_index=True)
