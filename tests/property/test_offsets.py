"""Offsets are code points of the text exactly as it came in, whatever is in the text and whatever file it lay in."""

import json
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from allabel.document import DocId, Document, Span
from allabel.formats.csv_table import Csv
from allabel.formats.jsonl import Jsonl
from allabel.formats.text import Text

# What breaks offsets elsewhere: characters of two UTF-16 units, of several code points, and every foreign line end.
TRAPS = (
    "🧪",
    "e\u0301",
    "\u00a0",
    "\r\n",
    "\r",
    "\n",
    "👩\u200d🔬",
    "\u2028",
    "\u2029",
    "\x85",
    "\x0b",
    "\x1c",
    "İ",
    "\ufeff",
)
texts = st.lists(
    st.one_of(st.sampled_from(TRAPS), st.text(st.characters(exclude_categories=["Cs"]), max_size=4)), max_size=12
).map("".join)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    text = draw(texts)
    entities = None
    if text:
        starts = draw(st.lists(st.integers(0, len(text) - 1), max_size=4))
        spans = {Span(s, draw(st.integers(s + 1, len(text))), draw(st.sampled_from(["C", "D-é"]))) for s in starts}
        entities = draw(st.sampled_from([None, tuple(sorted(spans))]))
    return Document(
        DocId(draw(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5))), text, entities
    )


def mentions(document: Document) -> list[str]:
    return [document.text[span.start : span.end] for span in document.entities or ()]


@given(st.lists(documents(), max_size=4))
def test_texts_and_spans_survive_jsonl(corpus: list[Document]):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.jsonl"
        Jsonl().write(corpus, path)
        back = [record.document for record in Jsonl().read(path)]
    assert back == corpus
    assert [mentions(d) for d in back] == [mentions(d) for d in corpus]


@given(documents())
def test_an_escaped_file_has_the_same_offsets_as_a_plain_one(document: Document):
    spans = [{"start": s.start, "end": s.end, "label": s.label} for s in document.entities or ()]
    line = json.dumps({"id": document.id, "text": document.text, "entities": spans}, ensure_ascii=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.jsonl"
        path.write_text(line)
        (record,) = Jsonl().read(path)
    assert record.document.text == document.text
    assert mentions(record.document) == mentions(document)


@given(st.lists(documents(), max_size=4))
def test_texts_and_spans_survive_csv(corpus: list[Document]):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        Csv().write(corpus, path)
        assert [record.document for record in Csv().read(path)] == corpus


@given(st.lists(texts.filter(bool), min_size=1, max_size=4))
def test_a_folder_of_texts_is_read_to_the_last_code_point(contents: list[str]):
    with tempfile.TemporaryDirectory() as folder:
        for n, content in enumerate(contents):
            # One byte order mark at the start is the file's, not the text's.
            (Path(folder) / f"{n}.txt").write_bytes(f"\ufeff{content}".encode())
        assert [record.document.text for record in Text().read(Path(folder))] == contents


@given(st.lists(texts.filter(lambda t: t.strip() and not set(t) & set("\r\n")), max_size=4))
def test_lines_of_text_come_back_as_they_went(contents: list[str]):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.txt"
        Text().write([Document(DocId(str(n)), content) for n, content in enumerate(contents)], path)
        assert [record.document.text for record in Text().read(path)] == contents
