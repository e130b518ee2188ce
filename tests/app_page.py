"""Opens the pages of the annotation app in this process, on a real project."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from allabel.document import DocId, Document, Span
from allabel.formats.base import Record
from allabel.project import Project
from allabel.schema import LabelSchema
from app import state
from app.cli import ENTRY
from app.settings import FOLDER, LOCAL_HOSTS

TEXTS = (
    ("a1", "NaCl was dissolved in water.", (Span(0, 4, "Reagent"), Span(22, 27, "Solvent"))),
    ("a2", "KBr was stirred in ethanol for 2 h.", (Span(0, 3, "Reagent"), Span(19, 26, "Solvent"))),
    ("a3", "The mixture was heated in water.", (Span(26, 31, "Solvent"),)),
    ("a4", "CuSO4 in DMF gave blue crystals 😀 of CuO.", (Span(0, 5, "Reagent"), Span(9, 12, "Solvent"))),
)


def make_project(folder: Path, *, annotated: int = 0) -> Path:
    """Make a project of four texts in two labels; the first `annotated` of them are annotated, all have gold."""
    with Project.create(folder, LabelSchema.of(["Reagent", "Solvent"])) as project:
        documents = [Document(DocId(id), text, spans) for id, text, spans in TEXTS]
        records = [Record(n, one) for n, one in enumerate(documents, start=1)]
        project.import_records(records, Path("gold.jsonl"), "gold")
        if annotated:
            project.import_records(records[:annotated], Path("people.jsonl"), "annotations")
    return folder


def open_page(name: str, folder: Path, patch: pytest.MonkeyPatch, host: str = "localhost") -> AppTest:
    """Open one page of the app on a folder, as a browser on this machine would; `run` it once more after each input."""
    patch.setenv(FOLDER, str(folder))
    patch.setattr(state, "is_local", lambda: host in LOCAL_HOSTS)
    page = AppTest.from_file(ENTRY.with_name("main.py"), default_timeout=120)
    page.run()
    page._page_hash = calc_hash(name)  # streamlit's own `switch_page` knows pages that are files only
    return page.run()


def said(elements: Iterable[Any]) -> str:
    """Return what messages say, without the signs that keep Markdown from reading them."""
    return re.sub(r"\\(.)", r"\1", "\n".join(str(one.value) for one in elements))
