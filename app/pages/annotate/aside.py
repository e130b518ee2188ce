"""What stands beside a text: why it was chosen, how far the work is, what it is worth, the guidelines, the history."""

from datetime import datetime

import streamlit as st

from allabel.document import DocId
from allabel.errors import AllabelError
from allabel.people.desk import Task
from allabel.people.roles import Role
from allabel.store.records import Progress
from allabel.suggesting import Doing
from allabel.worth import TimeLeft, pace, why_chosen
from app import live, problems
from app.highlight import highlighted
from app.sitting import Sitting
from app.state import Work
from app.wording import plain

# From so many minutes on, hours are told.
LONG_MIN = 90


def draw(work: Work, sitting: Sitting, task: Task) -> None:
    """Draw the column beside the text."""
    _figures(work)
    st.caption(plain(f"{why_chosen(task.pick)}."[:1].upper() + f"{why_chosen(task.pick)}."[1:]))
    if task.double:
        st.caption("Two people annotate this text, each alone.")
    _suggesting(work)
    _guidelines(work)
    _versions(work, sitting, task)


def _figures(work: Work) -> None:
    midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    progress = work.project.store.progress(midnight)
    n_all = progress.n_answered + progress.n_queued
    st.progress(progress.n_answered / n_all if n_all else 0.0, f"**{progress.n_answered:,} of {n_all:,}** texts done")
    lines = [_mine(work, progress)]
    found = live.outlooks(work).last
    if found is not None:
        lines += [_left(found.time_left)]
        lines += [f"Budget: {found.spent.sentence()}"] if found.spent is not None else []
        lines += [f"{found.worth.sentence[:1].upper()}{found.worth.sentence[1:]}"]
    st.caption("  \n".join(plain(line) for line in lines if line))


def _mine(work: Work, progress: Progress) -> str:
    mine = next((one for one in progress.people if one.name == work.person.name), None)
    speed = pace(work.project.store.recent_seconds(work.person.name))
    rate = f", {speed.texts_an_hour:,.0f} an hour, {speed.median_s:.0f} s each" if speed else ""
    return f"You: {mine.n_since if mine else 0} today{rate}"


def _left(left: TimeLeft) -> str:
    said = f"Time left: {_span(left.minutes)}"
    if left.low is None or left.high is None:
        return f"{said}, a first guess from {left.n_times} timed texts"
    return f"{said} ({_span(left.low)} to {_span(left.high)})"


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
                if answer.seq != task.version and st.button("Restore this one", key=f"annotate.restore.{answer.seq}"):
                    sitting.desk.restore(task.document.id, answer.seq or 0)
                    sitting.open(task.document.id)
                    st.rerun(scope="fragment")
        wanted = st.text_input("Go to a text by its id", key="annotate.goto")
        if st.button("Open", key="annotate.open", disabled=not wanted.strip()):
            try:
                sitting.open(DocId(wanted.strip()))
            except AllabelError as error:
                problems.show(error)
            else:
                st.rerun(scope="fragment")


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
            st.rerun(scope="fragment")


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
    left, right = st.columns(2)
    with left:
        if st.button("Look again", type="primary", icon=":material/refresh:"):
            st.rerun(scope="fragment")
    with right:
        if counts.annotated and st.button("Back to my last text", icon=":material/undo:"):
            # No text is called "": before it comes the last one.
            sitting.task = sitting.desk.before(DocId(""))
            st.rerun(scope="fragment")
