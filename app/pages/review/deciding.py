"""Where two people's answers differ: both side by side, and one decides by key."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from allabel.document import Annotation
from allabel.people.desk import Task
from allabel.review.open import Undecided, undecided
from app.components.span_editor.data import EditorData, Suggestion
from app.highlight import highlighted
from app.pages.annotate.editor import draw_editor
from app.pages.review.sittings import reviewed, sitting
from app.sitting import Sitting
from app.state import Work
from app.wording import plain


def draw(work: Work) -> None:
    """Draw the first text that waits for a decision."""
    found = undecided(work.project.store.answers())
    by_id = {one.doc_id: one for one in (*found.disputed, *found.agreed)}
    here = sitting(work, "deciding", list(by_id))
    task = here.current()
    if task is None:
        _none(work, bool(by_id))
        return
    st.caption(f"Waiting: {len(found.disputed):,} with different answers, {len(found.agreed):,} with the same")
    # One that was decided and came back by Shift+Enter waits no more: it is shown as it was decided.
    one = by_id.get(task.document.id)
    data = reviewed(work, here, task) if one is None else _merged(work, here, task, one)
    draw_editor(work, here, task, data, key="review.deciding")
    if one is not None:
        _side_by_side(work, task, one.answers)


def _none(work: Work, are_taken: bool) -> None:
    if are_taken:
        st.info("Other reviewers have the texts that are left.")
        return
    share = work.project.settings.double_share
    st.info("No text has two answers that nobody has decided on.")
    st.caption(
        f"{100 * share:.0f} % of the texts are annotated by two people (double_share = {share:g} in allabel.toml)."
        if share
        else "To have a share of the texts annotated by two people, write double_share = 0.1 into allabel.toml."
    )


def _side_by_side(work: Work, task: Task, answers: Sequence[Annotation]) -> None:
    for column, answer in zip(st.columns(len(answers)), answers, strict=True):
        with column, st.container(border=True):
            st.markdown(f"**{plain(answer.author)}** {answer.at.astimezone():%d %b %H:%M}")
            st.html(highlighted(task.document.text, answer.entities, work.project.schema))


def _merged(work: Work, here: Sitting, task: Task, one: Undecided) -> EditorData:
    """Return both answers in one: what all marked stands, what only some did is suggested under their names."""
    people = [
        Suggestion(m.span.start, m.span.end, m.span.label, None, " and ".join(m.people))
        for m in one.merged
        if not m.agreed
    ]
    data = reviewed(work, here, task)
    return replace(
        data,
        entities=data.entities if task.draft is not None else tuple(m.span for m in one.merged if m.agreed),
        suggestions=tuple(people),
        # Where everybody said that nothing is here, one key confirms it.
        answered=not people,
    )
