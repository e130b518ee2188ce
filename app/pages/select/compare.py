"""Strategies side by side: what each would choose first, on a map where texts that are alike lie near each other."""

import hashlib
from typing import Any

import streamlit as st

from allabel.document import DocId
from allabel.errors import AllabelError
from allabel.pool_map import STATES, PoolMap, draw_map
from allabel.project import Project
from allabel.select.budget import count_tokens
from allabel.select.explain import snippet
from allabel.select.listing import strategies
from app import problems
from app.pages.select.asked import Asked
from app.state import Work, contents
from app.wording import plain

# What a browser draws without a wait; all texts annotated or queued are among them.
MOST_POINTS = 4000
_MAP = "select.map"
_START = ("word_coverage", "core_set", "uniform")
# Okabe and Ito, the blue lighter for dark pages; the shapes tell the same for those who do not see the colours.
_COLOURS = ("#2383C4", "#D55E00", "#009E73", "#CC79A7", "#E69F00")
_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross")
# The states of the pool: another shape each, and two greys with two colours that stand out on light and on dark alike.
_STATE_COLOURS = ("#2B8A3E", "#C2255C", "#5F87A8", "#8A939A")
_STATE_SHAPES = ("square", "triangle-up", "circle", "cross")
_STATE_SIZES = (34, 60, 16, 16)
_STATE_OPACITIES = (0.9, 1.0, 0.75, 0.6)


def draw(work: Work, asked: Asked) -> None:
    """Draw the choice of strategies, the map and the table. Nothing is queued."""
    names = [one.name for one in strategies()]
    start = [name for name in dict.fromkeys([asked.strategy, *_START]) if name in names][:3]
    chosen = st.multiselect(
        "Strategies to compare", names, default=start, max_selections=len(_COLOURS), key="select.compared"
    )
    st.caption(f"What each would choose first for {asked.budget}, seed {asked.seed}. Nothing is queued.")
    if not st.button("Draw the map", icon=":material/map:") and st.session_state.get(_MAP) != (asked, tuple(chosen)):
        return
    st.session_state[_MAP] = (asked, tuple(chosen))
    with st.spinner("Running the strategies and laying out the map…"):
        picked = _previews(work.project, asked, chosen)
        drawn = _map(work.project)
    if drawn.sampled:
        st.caption(plain(_left_out(drawn, picked)))
    st.vega_lite_chart(
        _points(drawn, picked),
        _spec(list(picked)),
        width="stretch",
        height=520,
        alt="A map of the pool: a point a text, alike texts lie near each other, marks show what strategies choose",
    )
    _table(work.project, picked)


def _previews(project: Project, asked: Asked, names: list[str]) -> dict[str, dict[DocId, str]]:
    found: dict[str, dict[DocId, str]] = {}
    refused: dict[str, AllabelError] = {}
    for name in names:
        key = f"select.preview.{_pool_key(project)}.{asked.budget}.{asked.seed}.{name}"
        if key not in st.session_state:
            try:
                picks = project.preview(asked.budget, name, asked.seed)
            except AllabelError as error:
                # A budget that is wrong is wrong for all of them, and is told once.
                refused.setdefault(str(error), error)
                continue
            st.session_state[key] = {pick.doc_id: pick.reason for pick in picks}
        found[name] = st.session_state[key]
    for one in refused.values():
        problems.show(one)
    return found


def _map(project: Project) -> PoolMap:
    key = f"select.drawn.{_pool_key(project)}"
    if key not in st.session_state:
        pool, picks = project.pool(), project.store.picks()
        st.session_state[key] = draw_map(
            pool,
            annotated=frozenset(project.store.annotations()),
            reasons={pick.doc_id: pick.reason for pick in picks},
            similarity=project.similarity,
            most_points=MOST_POINTS,
        )
    drawn: PoolMap = st.session_state[key]
    return drawn


def _pool_key(project: Project) -> str:
    """Name the state of the pool, so that a map is laid out anew when it changed and not before."""
    return hashlib.sha256(repr(contents(project)).encode()).hexdigest()[:12]


def _left_out(drawn: PoolMap, picked: dict[str, dict[DocId, str]]) -> str:
    """Say how much of the pool, and of what each strategy would choose, is not in the picture."""
    there = set(drawn.ids)
    of = [f"{len(there & set(one)):,} of {len(one):,} that {name} would choose" for name, one in picked.items()]
    return f"{len(drawn.ids):,} of {drawn.n_texts:,} texts are drawn; among them " + ", ".join(of) + "."


def _points(drawn: PoolMap, picked: dict[str, dict[DocId, str]]) -> list[dict[str, Any]]:
    base = [
        {"x": x, "y": y, "what": STATES[state], "id": id, "text": snippet(text, 300), "why": why, "layer": "pool"}
        for x, y, state, id, text, why in zip(
            drawn.x, drawn.y, drawn.states, drawn.ids, drawn.texts, drawn.reasons, strict=True
        )
    ]
    place = {row["id"]: row for row in base}
    chosen = [
        {**place[id], "what": name, "why": why, "layer": "chosen"}
        for name, reasons in picked.items()
        for id, why in reasons.items()
        if id in place
    ]
    return base + chosen


def _spec(names: list[str]) -> dict[str, Any]:
    axes = {axis: {"field": axis, "type": "quantitative", "axis": None} for axis in ("x", "y")}
    tooltip = [{"field": name, "type": "nominal"} for name in ("what", "text", "why", "id")]
    states = list(STATES)
    state = {"field": "what", "type": "nominal", "title": "the pool", "sort": states}
    return {
        "layer": [
            {
                "transform": [{"filter": "datum.layer === 'pool'"}],
                "mark": {"type": "point", "filled": True},
                "encoding": {
                    **axes,
                    "tooltip": tooltip,
                    "color": {**state, "scale": {"domain": states, "range": list(_STATE_COLOURS)}},
                    "shape": {**state, "scale": {"domain": states, "range": list(_STATE_SHAPES)}},
                    "opacity": {**state, "scale": {"domain": states, "range": list(_STATE_OPACITIES)}},
                    "size": {**state, "scale": {"domain": states, "range": list(_STATE_SIZES)}},
                },
            },
            {
                "transform": [{"filter": "datum.layer === 'chosen'"}],
                "mark": {"type": "point", "filled": False, "size": 130, "strokeWidth": 2.2, "opacity": 1},
                "encoding": {
                    **axes,
                    "tooltip": tooltip,
                    "color": {
                        "field": "what",
                        "type": "nominal",
                        "title": "would be chosen by",
                        "scale": {"domain": names, "range": list(_COLOURS[: len(names)])},
                    },
                    "shape": {
                        "field": "what",
                        "type": "nominal",
                        "title": "would be chosen by",
                        "scale": {"domain": names, "range": list(_SHAPES[: len(names)])},
                    },
                },
            },
        ],
        "resolve": {"scale": {"color": "independent", "shape": "independent", "size": "independent"}},
        "config": {"legend": {"orient": "bottom", "columns": 5}},
    }


def _table(project: Project, picked: dict[str, dict[DocId, str]]) -> None:
    texts = project.store.documents_of({id for chosen in picked.values() for id in chosen})
    cost = project.cost_model()
    rows = []
    for name, chosen in picked.items():
        n_tokens = [count_tokens(texts[id].text) for id in chosen]
        others = set().union(*(set(other) for key, other in picked.items() if key != name))
        rows.append(
            {
                "strategy": name,
                "texts first": len(chosen),
                "tokens": sum(n_tokens),
                "minutes": round(float(sum(cost.minutes_of(_array(n_tokens)))), 1),
                "chosen by no other": len(set(chosen) - others),
            }
        )
    st.dataframe(rows, hide_index=True, width="stretch", alt="What each strategy would choose first")


def _array(numbers: list[int]) -> Any:
    import numpy as np

    return np.array(numbers, dtype=np.int64)
