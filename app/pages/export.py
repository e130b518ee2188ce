"""Export: annotations, gold or tagging in every format, looked at before it is taken away."""

import inspect
import tempfile
from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from allabel.errors import InputError, MissingExtraError
from allabel.formats.entity_table import entity_table
from allabel.formats.registry import FORMATS, write_documents
from allabel.formats.tagged import write_tagged
from allabel.project import Project
from app import problems
from app.noted import format_notes
from app.state import Work, contents
from app.wording import plain

_WHAT = {"annotations": "Annotations", "gold": "Gold", "tagged": "Tagged texts", "entities": "Entities"}
# What is written in one format alone, and what that is.
_ALONE = {
    "tagged": ("jsonl", "Tagged output is JSONL; `allabel convert` makes other formats of it."),
    "entities": ("csv", "A table for spreadsheets: a row an entity, of all texts that are annotated or tagged."),
}
_ABOUT = {
    "jsonl": "Everything: offsets, values, times, meta. The format that loses nothing.",
    "conll": "A token a line with its tag. Offsets become token edges; values and meta are left out.",
    "csv": "id, text and entities as JSON. Values and meta are left out.",
    "text": "One text a line, without any entity.",
    "parquet": "Everything, in columns: a row a text.",
    "huggingface": "Rows of tokens and tags for `datasets`. Offsets become token edges; values and meta are left out.",
    "label_studio": "Tasks with annotations for Label Studio; everything is kept.",
    "label_studio_predictions": "Tasks with predictions for Label Studio, to be corrected there. Times are left out.",
    "doccano": "For doccano, offsets in UTF-16 units as it counts. Values and times are left out.",
    "doccano_code_points": "doccano's lines with offsets in code points. Values and times are left out.",
    "prodigy": "Tasks with tokens and spans for Prodigy; everything is kept.",
    "spacy": "A DocBin for spacy train; everything is kept.",
}
_BINARY = {"parquet", "huggingface", "spacy"}
_SHOWN_LINES = 15
_KEPT = "export.written"


def show(work: Work) -> None:
    """Draw the page."""
    st.title("Export")
    counts = work.project.counts()
    n_of = {"annotations": counts.annotated, "gold": counts.gold, "tagged": counts.tagged}
    n_of["entities"] = counts.annotated + counts.tagged
    left, right = st.columns([3, 2])
    what = left.radio(
        "What", list(_WHAT), format_func=lambda key: _named(key, n_of), key="export.what", horizontal=True
    )
    # A folder of files is no download: brat is written by allabel export.
    only, about = _ALONE.get(what, ("", ""))
    formats = [only] if only else [name for name in FORMATS if name != "brat"]
    format_ = right.selectbox("Format", formats, key=f"export.format.{only}")
    st.caption(about or _about(format_))
    if not n_of[what]:
        st.info(f"There are no {_WHAT[what].lower()} to export yet.", icon=":material/info:")
        return
    try:
        with st.spinner(f"Writing {n_of[what]:,} texts…"):
            content, notes = _kept(work.project, what, format_)
    except InputError as error:
        # Where the format's library is not installed, no text is at fault.
        if not isinstance(error, MissingExtraError):
            st.warning(f"This cannot be written as {format_}: one of the texts does not fit the format.")
        problems.show(error)
        return
    for note in notes:
        st.info(plain(note), icon=":material/info:")
    name = f"{work.folder.name}-{what}{FORMATS[format_].suffixes[0]}"
    st.download_button(
        f"Download {plain(name)}", content, name, type="primary", icon=":material/download:", on_click="ignore"
    )
    if format_ in _BINARY:
        st.caption(f"{len(content):,} bytes, which are no text to be shown")
        return
    # Lines end at LF only: U+2028 and its like are part of a text.
    lines = content.split(b"\n", _SHOWN_LINES)[:_SHOWN_LINES]
    lines = lines[:-1] if lines[-1] == b"" else lines
    n_lines = content.count(b"\n") + (not content.endswith(b"\n"))
    st.caption(f"The first {len(lines)} of {n_lines:,} lines, {len(content):,} bytes")
    st.code("\n".join(line.decode("utf-8", "replace")[:500] for line in lines), language=None, wrap_lines=True)


def _named(what: str, n_of: Mapping[str, int]) -> str:
    """Name what is written with its number of texts; that of entities is not counted before they are asked for."""
    return _WHAT[what] if what == "entities" else f"{_WHAT[what]} ({n_of[what]:,})"


def _about(format_: str) -> str:
    """Say what a format keeps; of another package's the first line of its own description."""
    if format_ in _ABOUT:
        return _ABOUT[format_]
    try:
        return plain((inspect.getdoc(FORMATS[format_]) or "").partition("\n")[0])
    except InputError:  # it is broken, which is said where it is asked to write
        return ""


def _kept(project: Project, what: str, format_: str) -> tuple[bytes, list[str]]:
    """Write a file once for as long as the project is the same: at 100,000 texts it takes seconds."""
    asked = (what, format_, contents(project))
    before = st.session_state.get(_KEPT)
    if before is None or before[0] != asked:
        before = st.session_state[_KEPT] = (asked, written(project, what, format_))
    found: tuple[bytes, list[str]] = before[1]
    return found


def written(project: Project, what: str, format_: str) -> tuple[bytes, list[str]]:
    """Return the file's content and what was left out of it, in words. Raises InputError on what does not fit."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"export{FORMATS[format_].suffixes[0]}"
        with format_notes(path) as notes:
            if what == "tagged":
                write_tagged(project.tagged().values(), path)
            elif what == "entities":
                entity_table(project.annotated(), project.tagged().values()).write(path)
            else:
                documents = project.annotated() if what == "annotations" else list(project.store.gold().values())
                write_documents(documents, path, format_)
        return path.read_bytes(), notes
