"""What waits for a curator: flags with their notes, and mentions that models named and that stand in no text."""

import uuid

import streamlit as st

from allabel.annotate.ungrounded import ungrounded, ungrounded_rates
from allabel.people.desk import Desk
from allabel.people.marks import flagged
from app import live
from app.highlight import highlighted
from app.state import Work
from app.wording import plain

MOST_SHOWN = 50


def draw_flags(work: Work) -> None:
    """Draw every open flag, with the text and a way to settle it."""
    flags = flagged(work.project.store)
    if not flags:
        st.info("Nothing is flagged.")
        return
    st.caption(f"{len(flags):,} flags" + (f", the first {MOST_SHOWN} are shown" if len(flags) > MOST_SHOWN else ""))
    ids = [flag.doc_id for flag in flags[:MOST_SHOWN]]
    documents, answers = work.project.store.documents_of(ids), work.project.store.annotations_of(ids)
    desk = Desk(work.project.store, work.project.schema, work.person, work.project.settings)
    for flag in flags[:MOST_SHOWN]:
        with st.container(border=True):
            st.markdown(f"**{plain(flag.note or 'no note')}**")
            st.caption(plain(f"{flag.person}, {flag.at.astimezone():%d %b %H:%M}, text {flag.doc_id}"))
            entities = answers[flag.doc_id].entities if flag.doc_id in answers else ()
            st.html(highlighted(documents[flag.doc_id].text, entities, work.project.schema))
            note = st.text_input("What was done about it", key=f"review.note.{flag.seq}")
            if st.button("Dealt with", key=f"review.dealt.{flag.seq}"):
                desk.resolve_flags(flag.doc_id, note, uuid.uuid4().hex)
                live.again()


def draw_ungrounded(work: Work) -> None:
    """Draw the mentions that models named and that have no place in their texts."""
    tagged = list(work.project.tagged().values())
    found = ungrounded(tagged)
    if not found:
        st.info("Every mention that a model named stands in its text." if tagged else "Nothing is tagged yet.")
        return
    st.caption("What a model named and its text does not hold as written. It is counted, and never forced onto a span.")
    rates = [one for one in ungrounded_rates(tagged) if one.n_ungrounded]
    st.dataframe(
        [
            {"model": x.model, "label": x.label, "not in the text": x.n_ungrounded, "of": x.n_mentions, "rate": x.rate}
            for x in rates
        ],
        hide_index=True,
        column_config={"rate": st.column_config.NumberColumn(format="percent")},
    )
    st.dataframe(
        [
            {"mention": x.mention, "label": x.label, "text": x.doc_id, "why": x.grounding.value, "model": x.model}
            for x in found
        ],
        hide_index=True,
    )
