from pathlib import Path

import pytest

from allabel.document import DocId, Document
from allabel.errors import InputError
from allabel.formats.base import FormatWarning
from allabel.formats.text import Text


def test_every_line_that_is_not_blank_is_a_document_otherwise_unmodified(tmp_path: Path):
    path = tmp_path / "notes.txt"
    path.write_bytes(" NaCl\u2028in water \r\n\r\n \nx\x85y".encode())
    records = list(Text().read(path))
    assert [(r.line, r.document.id, r.document.text) for r in records] == [
        (1, "notes-1", " NaCl\u2028in water "),
        (4, "notes-4", "x\x85y"),
    ]
    assert all(r.document.entities is None for r in records)


def test_a_folder_is_one_document_a_file_with_its_line_ends(tmp_path: Path):
    (tmp_path / "b.txt").write_bytes(b"one\r\ntwo\r\n")
    (tmp_path / "a.txt").write_bytes("\ufeffé\n\n".encode())
    (tmp_path / "a.ann").write_text("T1 …")
    assert [(r.document.id, r.document.text) for r in Text().read(tmp_path)] == [
        ("a", "é\n\n"),
        ("b", "one\r\ntwo\r\n"),
    ]


def test_an_empty_file_of_a_folder_is_left_out_with_a_warning(tmp_path: Path):
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "b.txt").write_text("")
    with pytest.warns(FormatWarning, match=r"b\.txt is empty"):
        assert len(list(Text().read(tmp_path))) == 1


@pytest.mark.parametrize("text", ["a\nb", "a\r", "", " \u2028"])
def test_a_text_that_is_not_one_line_is_refused_with_the_way_out(tmp_path: Path, text: str):
    with pytest.raises(InputError, match="'bad'") as caught:
        Text().write([Document(DocId("good"), "x"), Document(DocId("bad"), text)], tmp_path / "out.txt")
    assert "jsonl" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_written_lines_come_back(tmp_path: Path):
    texts = ["\ufeffa ", "b\u2028c", " d"]
    Text().write([Document(DocId(t), t) for t in texts], tmp_path / "out.txt")
    assert [r.document.text for r in Text().read(tmp_path / "out.txt")] == texts
