"""Tag: a pasted text or a file, tagged with the project's annotator, shown highlighted and to take away."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from allabel.active.tuned import BACKEND as TUNED
from allabel.document import DocId, Document
from allabel.errors import InputError
from allabel.finetuning import age
from allabel.formats.registry import read_documents
from allabel.reply import TaggedDocument
from app import problems
from app.background import run_told
from app.pages.tag import results
from app.state import Work
from app.wording import plain

_RESULT = "tag.result"


def show(work: Work) -> None:
    """Draw the page."""
    st.title("Tag")
    n = work.project.counts().annotated
    tuned = age(work.project) if work.project.settings.backend == TUNED else None
    st.caption(
        plain(f"With the tuned model {tuned.sentence()}.")
        if tuned
        else plain(f"With the {work.project.settings.backend} annotator and {n:,} annotated texts to learn from.")
        if n
        else "Nothing is annotated yet, and the annotator learns from annotated texts: annotate some first, or import "
        "annotations on the page Start."
    )
    tab_paste, tab_file = st.tabs(["Paste a text", "Upload a file"])
    with tab_paste:
        text = st.text_area("Text", height=180, key="tag.text", persist_state="session")
        # The button is never disabled: a text just typed counts from the press that ends the typing.
        if st.button("Tag the text", type="primary") and _is_there(text.strip(), "Paste or type a text first."):
            problems.managed(lambda: _tag(work, [Document(DocId("pasted"), text)]))
    with tab_file:
        uploaded = st.file_uploader("Texts: JSONL, CoNLL columns, CSV, or one text a line", key="tag.file")
        pressed = st.button("Tag the file", type="primary") and _is_there(uploaded, "Choose a file first.")
        if pressed and uploaded is not None:
            problems.managed(lambda: _tag(work, _read(uploaded.name, uploaded.getvalue())))
    if (tagged := st.session_state.get(_RESULT)) is not None:
        results.draw(tagged, work.project.schema)


def _is_there(what: object, else_told: str) -> bool:
    if not what:
        st.info(else_told, icon=":material/info:")
    return bool(what)


def _read(name: str, content: bytes) -> list[Document]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / (Path(name).name or "upload")
        path.write_bytes(content)
        try:
            return [record.document for record in read_documents(path)]
        except InputError as error:
            raise problems.about(error, name) from error


def _tag(work: Work, documents: Sequence[Document]) -> None:
    # What was there before goes first: it is of other texts, and stands no longer beside what is refused now.
    st.session_state.pop(_RESULT, None)
    st.session_state[_RESULT] = _tagged(work, documents)


def _tagged(work: Work, documents: Sequence[Document]) -> list[TaggedDocument]:
    project = work.project
    bar = st.progress(0.0, f"0 of {len(documents):,} texts tagged")
    n = 0

    def hear(_: TaggedDocument) -> None:
        nonlocal n
        n += 1
        bar.progress(min(1.0, n / len(documents)), f"{n:,} of {len(documents):,} texts tagged")

    try:
        return run_told(lambda came: list(project.tag(documents, came=came)), hear)
    finally:
        bar.empty()
