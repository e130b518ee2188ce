"""Tag: what is found is shown in the text as it is, and taken away with offsets in code points."""

import csv
import io
from pathlib import Path

import pytest
from app_page import make_project, open_page, said

from allabel.document import DocId, Span
from allabel.formats.entity_table import entity_table
from allabel.project import Project
from allabel.reply import Grounding, Proposal, Reply, Status, TaggedDocument
from allabel.schema import LabelSchema
from app.highlight import highlighted, legend
from app.pages.tag.results import as_csv

SCHEMA = LabelSchema.of(["Reagent", "Solvent"])


def test_a_pasted_text_is_tagged_and_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_project(tmp_path / "p", annotated=4)
    page = open_page("tag", folder, monkeypatch)
    page.text_area(key="tag.text").set_value("😀 NaCl was dissolved in water.").run()
    next(b for b in page.button if b.label == "Tag the text").click().run()
    assert not page.error
    shown = page.dataframe[0].value
    text = "😀 NaCl was dissolved in water."
    assert len(shown)
    assert [text[a:b] for a, b in zip(shown["start"], shown["end"], strict=True)] == list(shown["text"])
    with Project.open(folder) as project:
        assert project.counts().tagged == 0, "a pasted text is none of the project's"


def test_an_uploaded_file_is_tagged_text_by_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_page("tag", make_project(tmp_path / "p", annotated=4), monkeypatch)
    page.file_uploader[0].set_value(("notes.txt", b"NaCl in water.\n<b>bold</b> & DMF.\n", "text/plain")).run()
    next(b for b in page.button if b.label == "Tag the file").click().run()
    assert "2 texts tagged, status: 2 ok." in said(page.caption)
    assert any("&lt;b&gt;bold&lt;/b&gt; &amp; " in one.value for one in page.html)


def test_pressing_without_a_text_or_with_a_broken_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_page("tag", make_project(tmp_path / "p", annotated=1), monkeypatch)
    next(b for b in page.button if b.label == "Tag the text").click().run()
    assert "Paste or type a text first." in said(page.info)
    page.file_uploader[0].set_value(("notes.jsonl", b"not json", "text/plain")).run()
    next(b for b in page.button if b.label == "Tag the file").click().run()
    assert "notes.jsonl, line 1" in said(page.error)


def test_nothing_of_a_text_or_a_label_becomes_markup() -> None:
    text = "<script>alert(1)</script> & \"q\" 'a' 😀 İ"
    shown = highlighted(text, [Span(0, 8, "<i>"), Span(9, 14, "Reagent")], SCHEMA)
    body = shown.split("</style>")[1]
    assert "<script>" not in body
    assert "<i>" not in body
    assert "&lt;i&gt;" in body
    assert "<i>" not in legend(LabelSchema.of(["<i>"]))


def test_nested_and_crossing_spans_are_all_named_and_the_text_stays_whole() -> None:
    text = "sodium chloride solution"
    spans = [Span(0, 15, "Reagent"), Span(0, 24, "Solvent"), Span(7, 24, "Reagent")]
    body = highlighted(text, spans, SCHEMA).split("</style>")[1]
    assert body.count("<b>Reagent</b>") == 2
    assert body.count("<b>Solvent</b>") == 1
    assert body.count("<mark") == body.count("</mark>")
    pieces = body
    for name in ("Reagent", "Solvent"):
        pieces = pieces.replace(f"<b>{name}</b>", "")
    assert "".join(part.split(">")[-1] for part in pieces.split("<")) == text


def test_the_csv_of_mentions_says_where_each_stands_and_a_failed_reply_has_none() -> None:
    text = '😀 NaCl, "salt"'
    found = Proposal("Reagent", "NaCl", Span(2, 6, "Reagent"), Grounding.EXACT, 0.5)
    tagged = [
        TaggedDocument(DocId("1"), text, Reply(Status.OK, (found,)), "b", "m"),
        TaggedDocument(DocId("2"), text, Reply(Status.FAILED, (found,), error="no answer"), "b", "m"),
    ]
    content = as_csv(entity_table((), tagged)).decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(content))
    assert (row["id"], row["text"], row["start"], row["end"]) == ("1", "NaCl", "2", "6")
    assert (row["score"], row["source"], row["grounding"]) == ("0.5", "tagged", "exact")
