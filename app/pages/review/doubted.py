"""Where a model trained on the other texts disagrees with a confirmed answer: the likeliest slips first."""

import streamlit as st

from allabel.document import Span
from allabel.errors import AllabelError
from allabel.jobs import doubts_of
from allabel.people.desk import Task
from allabel.review.doubts import Doubted
from app import live, problems
from app.components.span_editor.data import EditorData, Suggestion
from app.pages.annotate.editor import draw_editor
from app.pages.review.sittings import sitting
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
        except AllabelError as error:
            problems.show(error)
            return
    found: list[Doubted] | None = st.session_state.get(_FOUND)
    if found is None:
        return
    waiting = list(dict.fromkeys(one.doc_id for one in found if one.doc_id not in st.session_state[_SEEN]))
    here = sitting(work, "doubted", waiting)
    here.passed = st.session_state[_SEEN].add
    task = here.current()
    if task is None:
        st.info("Every doubt was looked at." if found else "The model agrees with every answer.")
        return
    mine = [one for one in found if one.doc_id == task.document.id]
    st.caption(f"{len(waiting):,} texts with doubts; this one has {len(mine)}")
    for one in mine:
        st.markdown(f"- {plain(_in_words(task.document.text, one))}")
    draw_editor(work, here, task, _data(work, here, task, mine), key="review.doubted")
    if st.button("The answer is right", icon=":material/check:", key="review.right"):
        here.desk.release(task.document.id)
        st.session_state[_SEEN].add(task.document.id)
        here.task = None
        st.rerun(scope="fragment")


def _in_words(text: str, one: Doubted) -> str:
    def quoted(span: Span | None) -> str:
        return "nothing" if span is None else f"“{text[span.start : span.end]}” {span.label}"

    sure = "" if one.score is None else f", {100 * one.score:.0f} % sure"
    return f"{one.doubt.value}: the answer has {quoted(one.confirmed)}, the model {quoted(one.proposed)}{sure}"


def _data(work: Work, here: Sitting, task: Task, doubts: list[Doubted]) -> EditorData:
    draft = task.draft
    proposed = [(one.proposed, one.score) for one in doubts if one.proposed is not None]
    return EditorData(
        project=str(work.folder),
        person=work.person.name,
        doc_id=task.document.id,
        text=task.document.text,
        version=task.version,
        entities=task.entities if draft is None else draft.entities,
        rejected=() if draft is None else draft.rejected,
        suggestions=tuple(Suggestion(s.start, s.end, s.label, score, "a model of the others") for s, score in proposed),
        labels=work.project.schema.labels,
        overlap=work.project.schema.overlap,
        draft_n=0 if draft is None else draft.n,
        acked=tuple(here.acked),
        problem=here.problem,
        answered=True,
        mode="review",
    )
