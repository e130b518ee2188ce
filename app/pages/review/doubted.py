"""Where a model trained on the other texts disagrees with a confirmed answer: the likeliest slips first."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from allabel.document import DocId, Span
from allabel.errors import AllabelError
from allabel.jobs import doubts_of
from allabel.people.desk import Task
from allabel.review.doubts import Doubted
from app import live, problems
from app.components.span_editor.data import EditorData, Suggestion
from app.pages.annotate.editor import draw_editor
from app.pages.review.sittings import reviewed, sitting
from app.sitting import Sitting
from app.state import Work
from app.wording import plain

_FOUND, _SEEN = "review.doubts", "review.doubts_seen"


def draw(work: Work) -> None:
    """Draw the text with the doubt the model is surest of."""
    st.caption(
        "Each annotated text is tagged by a model trained on the others. What it marks otherwise, and surely, is often "
        "a slip; often enough the model is wrong."
    )
    if st.button("Look for slips", type="primary", icon=":material/search:"):
        try:
            with st.spinner("Training on the annotated texts, five times"):
                st.session_state[_FOUND] = live.suggestions(work).apart(doubts_of)
            st.session_state[_SEEN] = set()
            _sitting(work, []).task = None
        except AllabelError as error:
            problems.show(error)
            return
    found: list[Doubted] | None = st.session_state.get(_FOUND)
    if found is None:
        return
    waiting = list(dict.fromkeys(one.doc_id for one in found if one.doc_id not in st.session_state[_SEEN]))
    here = _sitting(work, waiting)
    task = here.current()
    if task is None:
        st.info("Every doubt was looked at." if found else "The model agrees with every answer.")
        return
    mine = [one for one in found if one.doc_id == task.document.id]
    st.caption(f"{len(waiting):,} texts with doubts; this one has {len(mine)}")
    draw_editor(work, here, task, _data(work, here, task, mine), key="review.doubted")
    st.markdown("\n".join(f"- {plain(_in_words(task.document.text, one))}" for one in mine))
    if st.button("The answer is right", icon=":material/check:", key="review.right"):
        here.desk.release(task.document.id)
        st.session_state[_SEEN].add(task.document.id)
        here.task = None
        live.again()


def _sitting(work: Work, waiting: Sequence[DocId]) -> Sitting:
    found = sitting(work, "doubted", waiting)
    done = found.passed

    def passed(doc_id: DocId) -> None:
        st.session_state[_SEEN].add(doc_id)
        done(doc_id)

    found.passed = passed
    return found


def _in_words(text: str, one: Doubted) -> str:
    def quoted(span: Span | None) -> str:
        return "nothing" if span is None else f"“{text[span.start : span.end]}” {span.label}"

    sure = "" if one.score is None else f", {100 * one.score:.0f} % sure"
    return f"{one.doubt.value}: the answer has {quoted(one.confirmed)}, the model {quoted(one.proposed)}{sure}"


def _data(work: Work, here: Sitting, task: Task, doubts: list[Doubted]) -> EditorData:
    proposed = [(one.proposed, one.score) for one in doubts if one.proposed is not None]
    found = tuple(Suggestion(s.start, s.end, s.label, score, "a model of the others") for s, score in proposed)
    return replace(reviewed(work, here, task), suggestions=found)
