"""The span editor with a task in it."""

from dataclasses import replace
from functools import partial

import streamlit as st

from allabel.document import Span
from allabel.people.desk import Task
from app import live
from app.components.span_editor.component import pending_ops, span_editor
from app.components.span_editor.data import EditorData, Suggestion
from app.sitting import Sitting
from app.state import Work


def draw_editor(work: Work, sitting: Sitting, task: Task, data: EditorData, key: str) -> None:
    """Show the text in hand, and deal with what the browser sends of it before the page is drawn again."""
    span_editor(data, key, on_ops=partial(_deal, work, sitting, key))
    if sitting.told:
        st.caption(sitting.told)
    if task.flags:
        notes = "; ".join(f"{flag.person}: {flag.note}" for flag in task.flags)
        st.warning(f"Flagged. {notes}", icon=":material/flag:")


def _deal(work: Work, sitting: Sitting, key: str) -> None:
    # Whose session is over changes nothing any more; the browser keeps what it sent until they are back.
    if live.is_over(work):
        return
    sitting.told = ""
    sitting.take(pending_ops(key))


def shown(work: Work, sitting: Sitting, task: Task) -> EditorData:
    """Return what the editor shows of a task: the draft where there is one, else the answer, and suggestions."""
    schema = work.project.schema
    draft = task.draft
    is_new = draft is None or (draft.based_on != task.version and sitting.problem is None)
    return EditorData(
        project=str(work.folder),
        person=work.person.name,
        doc_id=task.document.id,
        text=task.document.text,
        version=task.version,
        entities=task.entities if draft is None or is_new else draft.entities,
        rejected=() if draft is None or is_new else draft.rejected,
        suggestions=() if task.answered else suggested(work, sitting, task),
        labels=schema.labels,
        overlap=schema.overlap,
        draft_n=0 if draft is None or is_new else draft.n,
        acked=tuple(sitting.acked),
        problem=sitting.problem,
        blind=task.blind and not task.answered,
        answered=task.answered,
    )


def suggested(work: Work, sitting: Sitting, task: Task) -> tuple[Suggestion, ...]:
    """Return what the model suggests, where it is not withheld, and the terms that people had labelled everywhere."""
    names = work.project.schema.names
    terms = [] if task.blind else [_term(span) for span in sitting.terms.spans(task.document.text)]
    if task.suggestion is None:
        return tuple(terms)
    reply, source = task.suggestion.reply, task.suggestion.model or task.suggestion.backend
    found = [
        Suggestion(p.span.start, p.span.end, p.label, p.score, source, tuple(reply.demonstrations))
        for p in reply.proposals
        if p.span is not None and p.label in names
    ]
    return tuple(_without_crossing([*found, *terms], overlap=work.project.schema.overlap))


def _term(span: Span) -> Suggestion:
    return Suggestion(span.start, span.end, span.label, None, "labelled everywhere")


def _without_crossing(found: list[Suggestion], *, overlap: bool) -> list[Suggestion]:
    """Leave out what crosses an earlier suggestion of the same span and label, and, where none may overlap, any."""
    kept: list[Suggestion] = []
    for one in found:
        crossing = [x for x in kept if x.start < one.end and one.start < x.end]
        same = [x for x in crossing if (x.start, x.end, x.label) == (one.start, one.end, one.label)]
        if not same and (overlap or not crossing):
            kept.append(replace(one))
    return kept
