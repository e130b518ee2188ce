"""What stands beside a text: why it was chosen, how far the work is, what it is worth, the guidelines, the history."""

from datetime import datetime
from html import escape

import streamlit as st

from allabel.document import DocId
from allabel.errors import AllabelError
from allabel.outlook import Outlook
from allabel.people.desk import Task
from allabel.people.roles import Role
from allabel.stopping.base import FEWEST_ANNOTATED
from allabel.store.records import Progress
from allabel.suggesting import Doing
from allabel.worth import pace, why_chosen
from app import live, problems
from app.highlight import highlighted
from app.sitting import Sitting
from app.state import Work
from app.wording import plain

# From so many minutes on, hours are told.
LONG_MIN = 90
UNKNOWN = "–"
_STYLE = """<style>
.al-figures { display: grid; grid-template-columns: auto 1fr; gap: 0.15rem 0.75rem; margin: 0 !important;
  padding: 0 !important; font-size: 0.8125rem; line-height: 1.35; min-height: 10rem; align-content: start; }
.al-figures dt { margin: 0; padding: 0; opacity: 0.78; font-weight: 400; white-space: nowrap; }
.al-figures dd { margin: 0; padding: 0; text-align: end; font-variant-numeric: tabular-nums; }
</style>"""


def draw(work: Work, sitting: Sitting, task: Task) -> None:
    """Draw the column beside the text: what is always as high first, so that nothing moves from text to text."""
    _figures(work)
    _guidelines(work)
    _versions(work, sitting, task)
    st.caption(plain(f"{why_chosen(task.pick)}."[:1].upper() + f"{why_chosen(task.pick)}."[1:]))
    if task.double:
        st.caption("Two people annotate this text, each alone.")
    _suggesting(work)


def _figures(work: Work) -> None:
    midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    progress = work.project.store.progress(work.person.name, midnight)
    n_all = progress.n_answered + progress.n_queued
    st.progress(progress.n_answered / n_all if n_all else 0.0, f"**{progress.n_answered:,} of {n_all:,}** texts done")
    outlooks = live.outlooks(work)
    found = outlooks.last
    rows = [*_mine(work, progress), *_outlook(found)]
    cells = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows)
    st.html(f'{_STYLE}<dl class="al-figures">{cells}</dl>')
    if outlooks.problem:
        st.caption(plain(f"These figures could not be worked out anew: {outlooks.problem}"))


def _mine(work: Work, progress: Progress) -> list[tuple[str, str]]:
    speed = pace(work.project.store.recent_seconds(work.person.name))
    return [
        ("You, today", f"{progress.n_mine:,}"),
        ("An hour", f"{speed.texts_an_hour:,.0f}" if speed else UNKNOWN),
        ("A text", f"{speed.median_s:.0f} s" if speed else UNKNOWN),
    ]


def _outlook(found: Outlook | None) -> list[tuple[str, str]]:
    """Return the figures that are worked out now and then; the rows are there before the first of them is."""
    if found is None:
        return [(name, UNKNOWN) for name in ("Time left", "Budget", "Next 20 texts", "As of")]
    left, used, worth = found.time_left, found.spent, found.worth
    interval = "" if left.low is None or left.high is None else f" ({_span(left.low)} to {_span(left.high)})"
    time = f"{_span(left.minutes)}{interval}" if left.n_times else f"about {_span(left.minutes)}"
    gain = UNKNOWN if worth.gain is None else f"{100 * worth.gain:+.1f} F1"
    if worth.gain is None and worth.n_annotated < FEWEST_ANNOTATED:
        gain = f"told after {FEWEST_ANNOTATED}"
    if worth.low is not None and worth.high is not None:
        gain += f" ({100 * worth.low:.1f} to {100 * worth.high:.1f})"
    return [
        ("Time left", time),
        ("Budget", UNKNOWN if used is None else used.sentence()),
        (f"Next {worth.ahead} texts", gain),
        ("As of", f"{found.n_annotated:,} annotated"),
    ]


def _span(minutes: float) -> str:
    return f"{minutes / 60:.1f} h" if minutes >= LONG_MIN else f"{minutes:.0f} min"


def _suggesting(work: Work) -> None:
    state = live.suggestions(work).state()
    if state.doing is Doing.FAILED:
        st.warning(plain(f"No new suggestions: {state.message}. {state.remedy}"), icon=":material/lightbulb:")
    else:
        st.caption(plain(f"{state.message[:1].upper()}{state.message[1:]}."))


def _guidelines(work: Work) -> None:
    schema = work.project.schema
    with st.expander("Guidelines and labels", icon=":material/menu_book:"):
        if schema.guidelines:
            st.markdown(plain(schema.guidelines))
        for label in schema.labels:
            st.markdown(f"**{plain(label.name)}** {plain(label.definition)}")
            if label.examples:
                st.caption(plain(f"such as {', '.join(label.examples)}"))
            if label.not_examples:
                st.caption(plain(f"but not {', '.join(label.not_examples)}"))


def _versions(work: Work, sitting: Sitting, task: Task) -> None:
    with st.expander("Text and its history", icon=":material/history:"):
        st.caption(plain(f"Text {task.document.id}"))
        if task.answered and (not task.double or work.may(Role.CURATOR)):
            for answer in reversed(work.project.store.history(task.document.id)):
                when = f"{answer.at.astimezone():%d %b %H:%M}"
                st.caption(plain(f"{when} {answer.author} ({answer.source}): {len(answer.entities)} entities"))
                if answer.seq != task.version:
                    _restoring(sitting, task, answer.seq or 0)
        wanted = st.text_input("Go to a text by its id", key="annotate.goto")
        if st.button("Open", key="annotate.open", disabled=not wanted.strip()):
            try:
                sitting.open(DocId(wanted.strip()))
            except AllabelError as error:
                problems.show(error)
            else:
                live.again()


def _restoring(sitting: Sitting, task: Task, seq: int) -> None:
    unsaved = task.draft is not None
    hint = "There is unsaved work on this text: save it first; it is then in the history too." if unsaved else None
    if st.button("Restore this one", key=f"annotate.restore.{seq}", disabled=unsaved, help=hint):
        sitting.restore(seq)
        live.again()


def demonstrations(work: Work, sitting: Sitting) -> None:
    """Show the annotated texts that a suggestion was made from, where the person asked for them."""
    if not sitting.demonstrations:
        return
    documents = work.project.store.documents_of(sitting.demonstrations)
    answers = work.project.store.annotations_of(sitting.demonstrations)
    with st.container(border=True):
        st.markdown("**Made from these annotated texts, the nearest first**")
        for id in sitting.demonstrations:
            if id in documents and id in answers:
                st.caption(plain(f"{id}, by {answers[id].author}"))
                st.html(highlighted(documents[id].text, answers[id].entities, work.project.schema))
        if st.button("Close", key="annotate.close"):
            sitting.demonstrations = ()
            live.again()


def nothing_left(work: Work, sitting: Sitting) -> None:
    """Say that nothing waits for this person, and where to go from here."""
    counts = work.project.counts()
    st.title("Nothing waits for you")
    if not counts.documents:
        st.markdown("The project holds no texts yet. **Start** imports some.")
    elif not counts.queued and not counts.annotated:
        st.markdown(f"{counts.documents:,} texts are there, and nobody has chosen what to annotate. **Select** does.")
    elif counts.queued:
        st.markdown(f"{counts.queued:,} texts are still with other people. They come back when they are left alone.")
    else:
        st.markdown(
            f"All chosen texts are annotated: {counts.annotated:,}. **Select** chooses the next round, **Review** "
            "shows where people or the model disagree, **Tag** does the rest."
        )
    with st.container(horizontal=True):
        if st.button("Look again", type="primary", icon=":material/refresh:"):
            live.again()
        if counts.annotated and st.button("Back to my last text", icon=":material/undo:"):
            sitting.last()
            live.again()
