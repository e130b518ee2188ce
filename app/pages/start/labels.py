"""The labels of a project: made with it, and edited while they are in use."""

from collections import Counter
from pathlib import Path
from typing import Any

import streamlit as st

from allabel.document import DocId
from allabel.errors import InputError, StoreError
from allabel.formats.files import write_atomically
from allabel.project import LABELS, Project
from allabel.schema import LabelSchema
from app import problems
from app.highlight import legend
from app.pages.start.rows import bare_rows, read_rows, rows_of
from app.state import Work
from app.wording import plain

_NAMES = "start.given"
_ABOUT = {
    "name": st.column_config.TextColumn("Name", help="What annotators see"),
    "colour": st.column_config.TextColumn("Colour", help="Like #0072B2; left empty, one is chosen", width="small"),
    "key": st.column_config.TextColumn("Key", max_chars=1, help="The key that gives this label", width="small"),
    "definition": st.column_config.TextColumn("Definition", width="large", help="What it means, and where it ends"),
    "examples": st.column_config.ListColumn("Examples", help="Mentions that bear the label"),
    "not_examples": st.column_config.ListColumn("Not", help="Look-alikes that do not"),
}


def make(folder: Path) -> None:
    """Draw the making of a project; with the button it is made, whole or not at all."""
    names = str(st.session_state.get(_NAMES, ""))
    if not names:
        typed = st.text_input(
            "Labels, with commas between",
            key="start.names",
            placeholder="Reagent, Solvent, Product",
            help="The kinds of things to mark. Definitions, colours and keys follow in a table.",
        )
        pressed = st.button("Go on", type="primary")
        try:
            named = bool(bare_rows(typed))
        except InputError as error:
            problems.show(error)
            return
        if named:
            # From here on the table holds the names: typing others here would throw away what stands in it.
            st.session_state[_NAMES] = typed
            st.rerun()
        elif pressed or typed:
            st.info("Type one label at least, such as Reagent.", icon=":material/info:")
        return
    st.caption("Names can be changed in the table, and its last row takes another label.")
    schema = _table(bare_rows(names), LabelSchema.of(["Label"]), key="start.new")
    if st.button("Make the project", type="primary", disabled=schema is None) and schema is not None:
        Project.create(folder, schema).close()
        st.rerun()


def edit(work: Work) -> None:
    """Draw the labels of the open project; a label in use is not taken away without a word."""
    project = work.project
    path = project.folder / LABELS
    version = st.session_state.setdefault("start.labels_version", 0)
    schema = _table(rows_of(project.schema), project.schema, key=f"start.labels.{version}")
    if schema is None or schema == project.schema:
        st.caption("Nothing is changed yet." if schema else "Mend the rows above, then the labels can be saved.")
        return
    sure = _agreed(project, schema)
    if st.button("Save the labels", type="primary", disabled=not sure):
        if LabelSchema.read(path) != project.schema:
            raise StoreError("the labels were changed by somebody else meanwhile", file=path, remedy="reload the page")
        with write_atomically(path) as file:
            file.write(schema.to_toml())
        st.session_state["start.labels_version"] = version + 1
        st.toast("The labels are saved.", icon=":material/check:")
        st.rerun()


def in_use(project: Project) -> Counter[str]:
    """Count the spans that bear each label, in the latest annotations and in gold."""
    found: Counter[str] = Counter()
    answers: dict[DocId, Any] = {**project.store.gold()}
    for one in [*project.store.annotations().values(), *answers.values()]:
        found.update(span.label for span in one.entities or ())
    return found


def _agreed(project: Project, schema: LabelSchema) -> bool:
    used = in_use(project)
    gone = {name: used[name] for name in project.schema.names if name not in schema.names and used[name]}
    if not gone:
        return True
    listed = "\n".join(f"- **{plain(name)}**: {n:,} spans bear it" for name, n in gone.items())
    st.warning(
        f"These labels are in use and would go:\n\n{listed}\n\nTheir spans stay in the store and in the history, and "
        "nothing is deleted. Until the label is put back, or the spans are given another one, texts cannot be tagged, "
        "texts with such spans cannot be saved, and nobody can use the label. A new name is a new label: spans are not "
        "renamed with it.",
        icon=":material/warning:",
    )
    return st.checkbox("Take them away all the same", key=f"start.sure.{sorted(gone)}")


def _table(rows: list[dict[str, Any]], schema: LabelSchema, *, key: str) -> LabelSchema | None:
    """Draw rows, guidelines and overlap for editing; returns the schema, None where something is wrong."""
    st.markdown("**Labels**")
    empty = {"name": "", "definition": "", "colour": "", "key": "", "examples": [], "not_examples": []}
    edited = st.data_editor(
        rows or [empty],
        key=f"{key}.table",
        column_config=_ABOUT,
        column_order=list(_ABOUT),
        num_rows="dynamic",
        hide_index=True,
        width="stretch",
        alt="One row a label: name, definition, colour, key, examples and look-alikes",
    )
    guidelines = st.text_area(
        "Guidelines",
        schema.guidelines,
        key=f"{key}.guidelines",
        height=140,
        help="Shown beside every text and given to a language model: what to mark, where a mention ends, what to skip.",
    )
    overlap = st.checkbox("Spans may nest or overlap", schema.overlap, key=f"{key}.overlap")
    made, wrong = read_rows(edited, guidelines, overlap=overlap)
    if made is not None:
        st.html(legend(made))
    elif rows:
        st.error("\n".join(f"- {plain(one)}" for one in wrong))
    return made
