"""Questions: single words that the tuned model is unsure of, one keystroke each."""

from functools import partial

import streamlit as st

from allabel.people.asking import QuestionDesk
from allabel.people.roles import Role
from allabel.store.questions import newest_asking
from allabel.wording import counted
from app import live
from app.components.question.component import ask, pending_replies
from app.components.question.data import AskData
from app.pages.questions import more
from app.pages.questions.replies import Replies
from app.state import Work
from app.tab import remembered
from app.wording import plain

_KEY = "questions.ask"
# So many are at hand, so that the next is there before the server answers.
_AT_HAND = 8


def show(work: Work) -> None:
    """Draw the page."""
    st.title("Questions")
    sitting = remembered(work, "questions.sitting", partial(_sitting, work))
    with st.container(key="questions"):
        _page(work, sitting)
    if work.may(Role.CURATOR):
        more.draw(work)


def _sitting(work: Work) -> Replies:
    desk = QuestionDesk(work.project.store, work.project.schema, work.person, work.project.settings)
    return Replies(desk, work.project.store)


@st.fragment
def _page(work: Work, sitting: Replies) -> None:
    """Draw question and figures; only this part runs again while a person answers."""
    live.drawn(work, partial(_draw, work, sitting))


def _draw(work: Work, sitting: Replies) -> None:
    with work.project.store.reads() as connection:
        asking = newest_asking(connection)
    if asking is None:
        st.markdown(
            "Nobody is asked anything yet. A model that was trained on the annotated texts asks about the words it is "
            "least sure of; each answer is one keystroke, and the next training learns from it."
        )
        return
    figures = sitting.desk.standing()
    told = [
        f"{figures.left:,} open",
        f"{figures.n_answered:,} answered, {counted(figures.n_words, 'word')} known by that",
    ]
    told += [f"{figures.n_mine:,} by you"] if figures.n_mine else []
    told += [f"{figures.seconds:.0f} s each"] if figures.seconds else []
    st.caption(plain(" · ".join(told)))
    if sitting.problem:
        st.error(plain(sitting.problem), icon=":material/error:")
    asked = tuple(sitting.desk.next(_AT_HAND))
    data = AskData(str(work.folder), work.person.name, work.project.schema.labels, asked, tuple(sitting.acked))
    ask(data, _KEY, on_replies=partial(_deal, work, sitting))
    if not asked and st.button("Look again", icon=":material/refresh:"):
        live.again()


def _deal(work: Work, sitting: Replies) -> None:
    # Whose session is over changes nothing any more; the browser keeps what it sent until then.
    if live.can_save(work):
        sitting.take(pending_replies(_KEY))
