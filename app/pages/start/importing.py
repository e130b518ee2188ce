"""Import: a file is looked through before anything is kept, and kept whole or not at all."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from allabel.errors import InputError
from allabel.formats.registry import FORMATS
from allabel.project import As, Project
from allabel.select.explain import snippet
from allabel.wording import counted
from app import problems, state
from app.pages.start.reading import Found, check, read_file
from app.state import Work
from app.wording import plain

_ROLES = {
    "auto": "Gold if there is any, else texts",
    "texts": "Texts only",
    "gold": "Gold: scores and simulates, is no demonstration",
    "annotations": "Annotations: people's answers, demonstrations at once",
}
_SHOWN, _PROBLEMS_SHOWN = 10, 500
# So many problems stand in a table whose cells break into lines; more are better scrolled.
_WRAPPED = 50
_DONE, _FOUND = "start.imported", "start.found"


def draw(work: Work) -> None:
    """Draw the choice of a file, what is in it, and the button that keeps it."""
    if done := st.session_state.pop(_DONE, None):
        st.success(done, icon=":material/check_circle:")
    version = st.session_state.setdefault("start.upload", 0)
    # Whoever signs in need not be the one whose files lie on this machine.
    source = _source(version, named=work.alone and state.is_local())
    left, right = st.columns([1, 2])
    format_ = left.selectbox("Format", ["auto", *FORMATS], key="start.format", help="auto: told from the file")
    role = right.selectbox("Take its answers as", list(_ROLES), format_func=_ROLES.__getitem__, key="start.role")
    flat = st.checkbox("Of overlapping spans keep the longest", key="start.flat")
    if source is None:
        st.session_state.pop(_FOUND, None)
        return
    with _at_hand(source) as path:
        try:
            found = _looked_through(work.project, source, path, format_, role, flat=flat)
        except InputError as error:
            problems.show(problems.about(error, _named(source)))
            return
        _preview(found)
        _problems(found)
        if st.button("Import", type="primary", disabled=found.n_problems > 0):
            taken: As | None = next((one for one in get_args(As) if one == role), None)
            with st.spinner(f"Importing {len(found.records):,} texts…"):
                got = work.project.import_records(found.records, path, taken, flat=flat)
            st.session_state.pop(_FOUND, None)
            answers = f"; {got.answers:,} answers kept as {got.role}" if got.answers else ""
            st.session_state[_DONE] = plain(f"{path.name}: {got.read:,} documents, {got.new:,} new{answers}.")
            st.session_state["start.upload"] = version + 1
            st.rerun()
    if found.n_problems:
        st.caption("Nothing is imported while there are problems: mend the file, then choose it again.")


def _source(version: int, *, named: bool) -> UploadedFile | Path | None:
    """Let a file be uploaded; where the app is on the person's own machine, `named`, its path will do."""
    uploaded = st.file_uploader(
        "A file of texts: JSONL, CoNLL columns, CSV with a column text, or one text a line", key=f"start.file.{version}"
    )
    if uploaded is not None or not named:
        return uploaded
    path = st.text_input("or its path on this computer", key=f"start.path.{version}", placeholder="~/texts.jsonl")
    return Path(path.strip()).expanduser() if path.strip() else None


@contextmanager
def _at_hand(source: UploadedFile | Path) -> Iterator[Path]:
    """Give the file under its own name: the ids of texts without one come of it."""
    if isinstance(source, Path):
        yield source
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / (Path(source.name).name or "upload")
        source.seek(0)
        with path.open("wb") as file:
            shutil.copyfileobj(source, file)
        yield path


def _named(source: UploadedFile | Path) -> Path | str:
    return source if isinstance(source, Path) else source.name


def _looked_through(
    project: Project, source: UploadedFile | Path, path: Path, format_: str, role: str, *, flat: bool
) -> Found:
    """Read and check a file once for as long as it, what is asked of it, and the project are the same."""
    asked = (_version(source), format_, role, flat, state.contents(project))
    before = st.session_state.get(_FOUND)
    if before is None or before[0] != asked:
        with st.spinner("Looking through the file…"):
            found = read_file(path, format_)
            documents, gold = project.store.documents(), project.store.gold()
            check(found, project.schema, path, documents, gold, role=role, flat=flat)
        before = st.session_state[_FOUND] = (asked, found)
    kept: Found = before[1]
    return kept


def _version(source: UploadedFile | Path) -> tuple[object, ...]:
    """Tell one state of a file from another. Raises InputError where a file named is not there."""
    if not isinstance(source, Path):
        return (source.file_id,)
    try:
        # A folder is read as the files in it.
        files = [source, *sorted(source.glob("*.txt"))] if source.is_dir() else [source]
        seen = [(str(one), one.stat()) for one in files]
    except FileNotFoundError as error:
        raise InputError("there is no such file", file=source, remedy="check the name and the folder") from error
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"cannot be read: {said}", file=source, remedy="check the name and the folder") from error
    return tuple((name, one.st_ino, one.st_size, one.st_mtime_ns) for name, one in seen)


def _preview(found: Found) -> None:
    n, answered = len(found.records), sum(one.document.is_gold for one in found.records)
    told = f"**{n:,}** documents read as **{found.format}**, {answered:,} of them with answers."
    st.markdown(f"{told} The first {min(n, _SHOWN)}:" if n else told)
    if n:
        st.dataframe(
            [
                {
                    "line": one.line,
                    "id": one.document.id,
                    "text": snippet(one.document.text, 160),
                    "entities": None if one.document.entities is None else len(one.document.entities),
                    "first entities": ", ".join(
                        f"{one.document.text[s.start : s.end]} ({s.label})" for s in (one.document.entities or ())[:4]
                    ),
                }
                for one in found.records[:_SHOWN]
            ],
            hide_index=True,
            width="stretch",
            column_config={
                "line": st.column_config.NumberColumn(width=60),
                "text": st.column_config.TextColumn(width="large"),
                "entities": st.column_config.NumberColumn(width=70),
            },
            alt="The first documents of the file",
        )
    for note in found.notes:
        st.info(plain(note), icon=":material/info:")


def _problems(found: Found) -> None:
    if not found.lines:
        st.success("No problem was found.", icon=":material/check_circle:")
        return
    kinds, places = len(found.lines), found.n_problems
    st.error(
        f"**{counted(places, 'problem')}**" + (f" of {kinds:,} kinds" if kinds < places else "") + " in this file.",
        icon=":material/error:",
    )
    rows = [
        {"lines": _some([n for n in lines if n]), "problem": problem, "what to do": remedy}
        for (problem, remedy), lines in list(found.lines.items())[:_PROBLEMS_SHOWN]
    ]
    if kinds <= _WRAPPED:
        st.table([{name: plain(cell) for name, cell in row.items()} for row in rows], hide_index=True)
    else:
        st.dataframe(rows, hide_index=True, width="stretch", alt="Every problem: lines, what is wrong, what to do")
    if kinds > _PROBLEMS_SHOWN:
        st.caption(f"The first {_PROBLEMS_SHOWN} kinds are shown.")
    if not found.whole:
        st.caption(
            "Reading ended at the last of these: in this format a record cannot be told from the next after such a "
            "problem, so there may be more behind it."
        )


def _some(lines: list[int], most: int = 12) -> str:
    return ", ".join(map(str, lines[:most])) + (f" and {len(lines) - most} more" if len(lines) > most else "")
