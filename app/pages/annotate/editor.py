"""The span editor with a task in it."""

from functools import partial

import streamlit as st

from allabel.document import Span
from allabel.people.desk import Task
from app import live
from app.components.span_editor.component import pending_ops, span_editor
from app.components.span_editor.data import EditorData, Suggestion
from app.sitting import Sitting, outdated
from app.state import Work
from app.wording import plain

# Text and list have room for a paragraph and its entities, so that what stands below stays where it is from text to
# text; more of either scrolls.
_STYLE = """<style>
.se .se-page { min-height: 14rem; }
.se .se-list { height: 13rem; max-height: none; }
.se .se-foot { min-height: 3.4rem; }
@media (max-width: 640px) { .se .se-foot { min-height: 5rem; align-content: start; } }
</style>"""


def draw_editor(work: Work, sitting: Sitting, task: Task, data: EditorData, key: str) -> None:
    """Show the text in hand, and deal with what the browser sends of it before the page is drawn again."""
    st.html(_STYLE)
    span_editor(data, key, on_ops=partial(_deal, work, sitting, key))
    # A line of its own even where it is empty: nothing below it is to jump.
    st.caption(plain(sitting.told) or "\u00a0")
    if task.flags:
        notes = "; ".join(f"{flag.person}: {flag.note or 'no note'}" for flag in task.flags)
        st.warning(plain(f"Flagged. {notes}"), icon=":material/flag:")


def _deal(work: Work, sitting: Sitting, key: str) -> None:
    # Whose session is over changes nothing any more, and a project that was changed or moved is opened anew first; the
    # browser keeps what it sent until then.
    if not live.can_save(work):
        return
    sitting.told = ""
    sitting.take(pending_ops(key))


def shown(work: Work, sitting: Sitting, task: Task) -> EditorData:
    """Return what the editor shows of a task: the draft where there is one, else the answer, and suggestions.

    A draft that began from an older answer is shown over that one, beside the conflict: neither is overwritten.
    """
    schema, draft = work.project.schema, task.draft
    is_old = outdated(task)
    is_draft = draft is not None and (is_old or draft.based_on == task.version)
    return EditorData(
        project=str(work.folder),
        person=work.person.name,
        doc_id=task.document.id,
        text=task.document.text,
        version=draft.based_on if draft is not None and is_old else task.version,
        entities=draft.entities if draft is not None and is_draft else task.entities,
        rejected=draft.rejected if draft is not None and is_draft else (),
        suggestions=() if task.answered else suggested(work, sitting, task),
        labels=schema.labels,
        overlap=schema.overlap,
        # Also of a draft that is not shown: the store takes a newer one by its number only.
        draft_n=0 if draft is None else draft.n,
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
    calibrated = work.project.calibrations().apply(task.suggestion)
    reply, source = calibrated.reply, calibrated.model or calibrated.backend
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
            kept.append(one)
    return kept
