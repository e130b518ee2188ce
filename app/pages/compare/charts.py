"""Curves with intervals, their numbers, and paired differences."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from allabel.runs import Point, Row, curves, differences

# Okabe and Ito's, those that stand out on light and on dark; dashes tell the same without colour.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F7F7F")
_DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4], [10, 4], [1, 3])


def curves_of(rows: Sequence[Row], metric: str, data: str) -> None:
    """Draw a curve a method over the number of annotated texts, its interval as a band, and the table."""
    found = curves(rows, metric, data)
    points = [_point(method, one) for method, many in found.items() for one in many]
    st.vega_lite_chart(
        points,
        _spec(list(found), metric),
        width="stretch",
        height=420,
        alt=f"{metric} by number of annotated texts, a line a method with its 95 % interval; the table has the numbers",
    )
    st.dataframe(
        [
            {
                "method": p["method"],
                "texts": p["texts"],
                "mean": round(p["mean"], 4),
                "low": None if p["low"] is None else round(p["low"], 4),
                "high": None if p["high"] is None else round(p["high"], 4),
                "seeds": p["seeds"],
            }
            for p in points
        ],
        hide_index=True,
        width="stretch",
        alt="The points of the curves",
    )
    if any(p["low"] is None for p in points):
        st.caption("A point of one seed has no interval.")


def differences_of(rows: Sequence[Row], metric: str, data: str) -> None:
    """Draw how much better one method is than another, seed by seed."""
    methods = list(dict.fromkeys(row.method for row in rows))
    if len(methods) < 2:
        return
    st.subheader("Seed by seed")
    left, right = st.columns(2)
    method = left.selectbox("Is", methods, key="compare.method")
    other = right.selectbox("better than", [m for m in methods if m != method], key=f"compare.other.{method}")
    found = differences(rows, method, other, metric, data)
    if not found:
        st.info("The two share no seed at the same number of texts.", icon=":material/info:")
        return
    st.dataframe(
        [
            {
                "texts": one.n_texts,
                "difference": round(one.mean, 4),
                "low": None if one.low is None else round(one.low, 4),
                "high": None if one.high is None else round(one.high, 4),
                "better in": f"{one.n_wins} of {one.n_seeds} seeds",
                "says": _verdict(one.low, one.high),
            }
            for one in found
        ],
        hide_index=True,
        width="stretch",
        alt="The paired differences with 95 % intervals",
    )


def _verdict(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "one seed says little"
    return "better" if low > 0 else "worse" if high < 0 else "not told apart"


def _point(method: str, one: Point) -> dict[str, Any]:
    return {
        "method": method,
        "texts": one.n_texts,
        "mean": one.mean,
        "low": one.low,
        "high": one.high,
        "seeds": one.n_seeds,
    }


def _spec(methods: list[str], metric: str) -> dict[str, Any]:
    x = {"field": "texts", "type": "quantitative", "title": "annotated texts", "scale": {"zero": False}}
    n = len(methods)
    colour = {
        "field": "method",
        "type": "nominal",
        "title": "method",
        "legend": {"symbolOpacity": 1, "symbolType": "stroke"},
        "scale": {"domain": methods, "range": [_COLOURS[i % len(_COLOURS)] for i in range(n)]},
    }
    dash = {**colour, "scale": {"domain": methods, "range": [_DASHES[i % len(_DASHES)] for i in range(n)]}}
    y = {"field": "mean", "type": "quantitative", "title": metric, "scale": {"zero": False}}
    tooltip = [{"field": name} for name in ("method", "texts", "mean", "low", "high", "seeds")]
    return {
        "layer": [
            {
                "transform": [{"filter": "isValid(datum.low)"}],
                "mark": {"type": "area", "opacity": 0.18},
                "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}, "color": colour},
            },
            {
                "mark": {"type": "line", "strokeWidth": 2},
                "encoding": {"x": x, "y": y, "color": colour, "strokeDash": dash},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 50},
                "encoding": {"x": x, "y": y, "color": colour, "tooltip": tooltip},
            },
        ],
        "config": {"legend": {"orient": "bottom"}},
    }
