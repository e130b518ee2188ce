"""Export and Compare: what is shown is what is written; what does not fit is said."""

import json
from pathlib import Path

import pytest
from app_page import TEXTS, make_project, open_page, said

from allabel.document import DocId, Document
from allabel.formats.base import Record
from allabel.formats.registry import FORMATS
from allabel.project import Project
from app.pages.export import written

BINARY = {"parquet", "huggingface", "spacy"}


@pytest.mark.parametrize("format_", [name for name in FORMATS if name != "brat"])
def test_every_format_is_previewed_and_can_be_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format_: str
) -> None:
    if format_ == "spacy":
        pytest.importorskip("spacy", reason="spaCy is in the extra spacy, which is not here")
    page = open_page("export", make_project(tmp_path / "p", annotated=3), monkeypatch)
    page.selectbox(key="export.format.").set_value(format_).run()
    assert not page.error
    assert page.get("download_button")
    if format_ in BINARY:
        assert not page.code
    else:
        assert "NaCl" in page.code[0].value


def test_the_export_has_the_offsets_of_the_annotation_emoji_included(tmp_path: Path) -> None:
    with Project.open(make_project(tmp_path / "p", annotated=4)) as project:
        content, notes = written(project, "annotations", "jsonl")
    rows = [json.loads(line) for line in content.decode().splitlines()]
    assert not notes
    assert [row["entities"] for row in rows] == [
        [{"start": s.start, "end": s.end, "label": s.label} for s in spans] for _, _, spans in TEXTS
    ]


def test_a_text_that_does_not_fit_the_format_is_named_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_project(tmp_path / "p")
    with Project.open(folder) as project:
        two_lines = Document(DocId("b1"), "two\nlines", ())
        project.import_records([Record(1, two_lines)], Path("x.jsonl"), "annotations")
    page = open_page("export", folder, monkeypatch)
    page.selectbox(key="export.format.").set_value("text").run()
    assert "'b1' is blank or has more than one line" in said(page.error)
    assert "write jsonl" in said(page.error)
    assert not page.get("download_button")


def test_where_nothing_is_annotated_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_page("export", make_project(tmp_path / "p"), monkeypatch)
    assert "There are no annotations to export yet." in said(page.info)
    page.radio(key="export.what").set_value("gold").run()
    assert page.get("download_button")


def test_tagged_texts_go_out_as_jsonl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_project(tmp_path / "p", annotated=2)
    with Project.open(folder) as project:
        list(project.tag(project.rest(), keep=True))
    page = open_page("export", folder, monkeypatch)
    page.radio(key="export.what").set_value("tagged").run()
    assert json.loads(page.code[0].value.splitlines()[0])["status"] == "ok"


def test_a_table_of_entities_is_shown_with_what_people_marked_and_what_was_tagged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_project(tmp_path / "p", annotated=2)
    with Project.open(folder) as project:
        list(project.tag(project.rest(), keep=True))
    page = open_page("export", folder, monkeypatch)
    page.radio(key="export.what").set_value("entities").run()
    shown = page.code[0].value
    assert shown.lstrip("\ufeff").startswith("id,text,label,start,end,source")
    assert ",annotated," in shown
    assert page.get("download_button")
