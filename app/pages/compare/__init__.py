"""Compare: curves and intervals of evaluation runs, and which method is better seed by seed."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from allabel.errors import InputError
from allabel.runs import STRICT_MICRO, Row, read
from app import problems
from app.pages.compare import charts
from app.state import Work
from app.wording import plain

RUNS = "runs"
_EXAMPLE = (
    '{"run": "night of 3 May", "method": "adaptive", "data": "bc5cdr", "n_texts": 100, "n_tokens": 2480, "seed": 1, '
    '"metric": "strict_micro_f1", "value": 0.61, "at": "2026-05-03T21:00:00+00:00"}'
)


def show(work: Work) -> None:
    """Draw the page."""
    st.title("Compare")
    rows = _rows(work.folder / RUNS)
    if not rows:
        _how_to(work.folder / RUNS)
        return
    left, middle, right = st.columns(3)
    metrics = sorted({row.metric for row in rows}, key=lambda name: (name != STRICT_MICRO, name))
    metric = left.selectbox("Metric", metrics, key="compare.metric")
    sets = sorted({row.data for row in rows if row.metric == metric})
    data = middle.selectbox("Data", sets, format_func=lambda name: name or "(unnamed)", key=f"compare.data.{metric}")
    runs = sorted({row.run for row in rows})
    chosen = right.multiselect("Runs", runs, default=runs, key=f"compare.runs.{len(runs)}")
    rows = [row for row in rows if row.run in chosen and row.metric == metric and row.data == data]
    if not rows:
        st.info("There are no rows of this metric in the chosen runs.", icon=":material/info:")
        return
    charts.curves_of(rows, metric, data)
    charts.differences_of(rows, metric, data)


def _rows(folder: Path) -> list[Row]:
    """Read the project's rows and those of uploaded files; a file that is wrong is named and left out."""
    uploaded = st.file_uploader("More rows (JSONL)", type="jsonl", accept_multiple_files=True, key="compare.files")
    rows: list[Row] = []
    for path in sorted(folder.glob("*.jsonl")):
        rows += _or_told(path, path.name)
    with tempfile.TemporaryDirectory() as kept:
        for i, file in enumerate(uploaded):
            path = Path(kept) / str(i) / (Path(file.name).name or "rows.jsonl")
            path.parent.mkdir()
            path.write_bytes(file.getvalue())
            rows += _or_told(path, file.name)
    return rows


def _or_told(path: Path, name: str) -> Sequence[Row]:
    try:
        return read([path])
    except InputError as error:
        st.warning(plain(f"{name} is left out of what is shown:"))
        problems.show(problems.about(error, name))
        return []


def _how_to(folder: Path) -> None:
    st.info("There are no evaluation runs to compare yet.", icon=":material/info:")
    st.markdown("A run is a file of rows, one measured number a line of JSON, in this folder (or uploaded above):")
    st.code(str(folder), language=None)
    st.code(_EXAMPLE, language=None, wrap_lines=True)
    st.markdown(
        "Measure each method with several seeds, at several numbers of annotated texts: the curves then come with "
        "95 % intervals, and methods are compared seed by seed. `allabel eval score GOLD PRED --record "
        "runs/NAME.jsonl --run NAME --method NAME --n-texts N --seed S` adds such rows."
    )
