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


def test_a_new_folder_has_a_file_each_and_gives_ids_and_line_ends_back(tmp_path: Path):
    documents = [
        Document(DocId(id), text) for id, text in (("a/1", "\ufeffone\r\ntwo\n"), ("b 2", " \n"), ("%41", "x"))
    ]
    Text().write(documents, tmp_path / "texts")
    assert {path.suffix for path in (tmp_path / "texts").iterdir()} == {".txt"}
    back = [r.document for r in Text().read(tmp_path / "texts")]
    assert sorted((d.id, d.text) for d in back) == sorted((d.id, d.text) for d in documents)


@pytest.mark.parametrize(
    ("documents", "problem"),
    [
        ([("a", "x"), ("a", "y")], "'a' is there twice"),
        ([("a", "x"), ("../b", "y")], "leads out of the folder"),
        ([("a", "x"), ("b", "")], "'b' is empty"),
    ],
)
def test_a_folder_is_written_whole_or_not_at_all(tmp_path: Path, documents: list[tuple[str, str]], problem: str):
    with pytest.raises(InputError, match=problem):
        Text().write([Document(DocId(id), text) for id, text in documents], tmp_path / "texts")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path):
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(InputError, match="is there already"):
        Text().write([Document(DocId("a"), "y")], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
