"""The plan of a selection, its run with progress, and what it queued with the reasons."""

from collections.abc import Callable

import streamlit as st

from allabel.errors import InputError
from allabel.select.explain import snippet
from allabel.select.plan import Plan
from allabel.select.tagging import ON_BOARD
from allabel.selecting import Selected
from allabel.store.records import Pick
from allabel.wording import counted
from app import live, problems
from app.background import run_told
from app.pages.select.asked import Asked
from app.state import Work, contents
from app.wording import plain

_RESULT, _PLAN = "select.result", "select.plan"


def draw(work: Work, asked: Asked) -> None:
    """Draw the plan, the button that runs it, and what came of it."""
    more = st.checkbox(
        "Choose as much again although the same selection is complete",
        key="select.more",
        help="Else it is shown again.",
    )
    _plan_and_run(work, asked, more=more)
    for other in work.project.unfinished():
        one = other.selection
        told = f"{one.strategy}, {one.budget}, seed {one.seed}: "
        told += other.problem or f"round {other.round} of {other.n_rounds} is next" + (
            f", {counted(other.n_waiting_for, 'text')} to annotate before" if other.n_waiting_for else ""
        )
        st.caption(f":material/pending: Not complete: {plain(told)}")
    before = st.session_state.get(_RESULT)
    if before is not None and before[0] == asked:
        _result(work, before[1])
    elif queue := work.project.store.queue():
        st.subheader("In the queue")
        _table(work, queue)


def _plan_and_run(work: Work, asked: Asked, *, more: bool) -> None:
    try:
        plan = _planned(work, asked, more=more)
    except InputError as error:
        problems.show(error)
        return
    _plan(plan)
    label = "Choose these texts" if plan.stages else "Show this selection"
    if st.button(label, type="primary", icon=":material/play_arrow:"):
        st.session_state[_RESULT] = (asked, _run(work, asked, more=more))
        st.rerun()


def _planned(work: Work, asked: Asked, *, more: bool) -> Plan:
    """Work out a plan once for as long as the project is the same: near-duplicates of 100,000 texts take seconds."""
    key = (asked, more, contents(work.project))
    before = st.session_state.get(_PLAN)
    if before is None or before[0] != key:
        with st.spinner("Working out the plan…"):
            plan = work.project.plan(asked.budget, asked.strategy, asked.seed, more=more)
        before = st.session_state[_PLAN] = (key, plan)
    kept: Plan = before[1]
    return kept


def _run(work: Work, asked: Asked, *, more: bool) -> Selected:
    project = work.project
    with st.status("Choosing…", expanded=True) as status:

        def select(tell: Callable[[str], None]) -> Selected:
            return project.select(asked.budget, asked.strategy, asked.seed, more=more, tell=tell)

        got = run_told(select, lambda line: status.write(plain(line)))
        status.update(label=f"{counted(len(got.picks), 'text')} chosen", state="complete", expanded=False)
    if not got.repeated:
        live.chosen(work)
    return got


def _plan(plan: Plan) -> None:
    if not plan.stages:
        st.info("Nothing is left to do of this selection; tick the box above to choose as much again.")
        return
    total = plan.total
    for column, (what, value) in zip(
        st.columns(3),
        (
            ("Texts", f"{total.n_texts:,}"),
            ("Tokens to read", f"{total.n_tokens:,}"),
            ("Minutes", f"{total.minutes:,.{0 if total.minutes >= 10 else 1}f}"),
        ),
        strict=True,
    ):
        column.metric(what, value)
    if len(plan.stages) > 1:
        st.dataframe(
            [
                {
                    "stage": one.stage,
                    "texts": one.n_texts,
                    "tokens": one.n_tokens,
                    "minutes": round(one.minutes, 1),
                    "known from": "the mean length, an estimate" if one.estimated else "these very texts",
                    "tagged first, at most": one.n_tagged,
                }
                for one in plan.stages
            ],
            hide_index=True,
            width="stretch",
            alt="The stages of the plan with texts, tokens and minutes",
        )
    notes = [f"Minutes: {plan.budget.cost}"]
    notes += [f"Uncertainty: {plan.tagging}"] if plan.tagging else []
    notes += [f"Uncertainty: {ON_BOARD}"] if total.on_board else []
    if plan.n_left_out:
        notes.append(f"Near-duplicates: {counted(plan.n_left_out, 'text')} left out, one of each group can be chosen")
    st.caption("  \n".join(map(plain, notes)))


def _result(work: Work, got: Selected) -> None:
    if got.repeated:
        st.info(f"These {counted(len(got.picks), 'text')} were chosen before; nothing new is queued.")
    else:
        round_ = f", round {got.round} of {got.n_rounds}" if got.n_rounds > 1 else ""
        st.success(f"Queued {counted(len(got.picks), 'text')}{round_}.", icon=":material/check_circle:")
        if got.n_too_long:
            st.caption(f"{counted(got.n_too_long, 'text')} left out, too long for the whole budget.")
    if got.waiting_stage:
        st.info(
            f"Round {got.round + 1} of {got.n_rounds} waits for the annotation of "
            f"{counted(got.n_waiting_for, 'queued text')}. Annotate them, then choose again with the same settings.",
            icon=":material/pending:",
        )
    _table(work, got.picks)


def _table(work: Work, picks: "tuple[Pick, ...] | list[Pick]") -> None:
    texts = work.project.store.documents_of(pick.doc_id for pick in picks)
    st.dataframe(
        [
            {
                "rank": pick.rank,
                "text": snippet(texts[pick.doc_id].text, 160) if pick.doc_id in texts else "",
                "why": pick.reason,
                "stage": pick.stage,
                "score": pick.score,
                "id": pick.doc_id,
            }
            for pick in picks
        ],
        hide_index=True,
        width="stretch",
        column_config={
            "text": st.column_config.TextColumn(width="large"),
            "why": st.column_config.TextColumn(width="large"),
        },
        alt="The chosen texts with the reason for each",
    )
