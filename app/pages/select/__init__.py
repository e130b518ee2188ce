"""Select: what to annotate next, what it costs, what each strategy would choose, and the choice itself."""

import streamlit as st

from allabel.select.listing import Listed, strategies
from app.pages.select import compare, run
from app.pages.select.asked import Asked
from app.state import Work
from app.wording import plain

_UNITS = {"per cent": "%", "texts": "", "tokens": "tokens", "minutes": "min"}
_MOST = 1e9
_START = {"per cent": 10.0, "texts": 50.0, "tokens": 2000.0, "minutes": 60.0}


def show(work: Work) -> None:
    """Draw the page."""
    st.title("Select")
    counts = work.project.counts()
    if not counts.documents:
        st.info("There are no texts to select from yet: import some on the page Start.", icon=":material/info:")
        return
    asked = _asked(work)
    tab_plan, tab_map = st.tabs(["Plan and choose", "Strategies on the map"])
    with tab_plan:
        run.draw(work, asked)
    with tab_map:
        compare.draw(work, asked)


def _asked(work: Work) -> Asked:
    listed = {one.name: one for one in strategies()}
    default = work.project.settings.strategy
    amount, unit, strategy, seed = st.columns([2, 2, 4, 1], vertical_alignment="bottom")
    unit_name = unit.selectbox("of", list(_UNITS), key="select.unit", help="minutes: of an expert's time")
    n = amount.number_input(
        "Budget",
        min_value=0.5,
        max_value=_MOST,
        value=_START[unit_name],
        step=1.0,
        format="%g",
        key=f"select.amount.{unit_name}",
    )
    names = list(listed) if default in listed else [default, *listed]
    chosen = strategy.selectbox("Strategy", names, index=names.index(default), key="select.strategy")
    drawn = seed.number_input("Seed", min_value=0, max_value=2**31 - 1, value=0, step=1, key="select.seed")
    if chosen in listed:
        st.caption(_about(listed[chosen]))
    return Asked(f"{n:.15g}{_UNITS[unit_name]}", chosen, int(drawn))


def _about(one: Listed) -> str:
    rounds = f" It chooses in {one.n_rounds} rounds; you annotate after each." if one.n_rounds > 1 else ""
    needs = " It needs annotated texts first." if one.needs_annotations else ""
    return plain(f"{one.about}{rounds}{needs}")
