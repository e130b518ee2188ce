from pathlib import Path

import pytest

from allabel.document import DocId, Document, Span
from allabel.errors import InputError, UnknownNameError
from allabel.formats.registry import FORMATS, by_name, detect, read_documents, write_documents


@pytest.mark.parametrize(
    ("name", "content", "format"),
    [
        ("a.jsonl", "", "jsonl"),
        ("a.JSONL", "", "jsonl"),
        ("a.csv", "", "csv"),
        ("train.tsv", "", "conll"),
        ("AnEM.train", "", "conll"),
        ("emerging.test.annotated", "", "conll"),
        ("train.txt", "variable O\nelectron B-CMT\n\nC O\n", "conll"),
        ("dev.txt", "a O\n" * 19 + "C \n", "conll"),
        ("notes.txt", "NaCl in H2 O\nDried over CO and H2 O\n", "text"),
        ("groups.txt", "vitamin O\ngroup O\n", "text"),
        ("uneven.txt", "NaCl in H2 O\nwater is H2 O\nand H2 O\n" * 4, "text"),
        ("notes.txt", "NaCl in water.\nVitamin O\n", "text"),
        ("planes.txt", "{112} planes\n", "text"),
        ("empty.txt", "", "text"),
        ("lines.txt", '\n {"id": 1, "text": "a"}\n', "jsonl"),
        ("corpus", '{"text": "a"}\n', "jsonl"),
        ("corpus.data", "a\tO\n", "conll"),
        ("a.spacy", "", "spacy"),
        ("a.parquet", "", "parquet"),
        ("a.arrow", "", "huggingface"),
        ("a.ann", "", "brat"),
        ("a.json", "", "label_studio"),
        ("a.json", '[{"data": {"text": "a"}}]', "label_studio"),
        ("a.json", '{"id": 1, "data": {"text": "a"}}', "label_studio"),
        ("a.json", '{\n "data": {"text": "a"}}', "label_studio"),
        ("a.json", '{"text": "a", "entities": []}\n', "jsonl"),
        ("a.json", '{"text": "a", "label": [[0, 1, "C"]]}\n', "doccano"),
        ("a.jsonl", '{"text": "a", "label": [[0, 1, "C"]]}\n', "doccano"),
        ("a.jsonl", '{"text": "a", "labels": [[0, 1, "C"]]}\n', "doccano"),
        ("a.jsonl", '{"text": "a", "label": [], "Comments": []}\n', "doccano"),
        ("a.jsonl", '{"text": "a", "entities": [], "relations": [], "Comments": []}\n', "doccano"),
        ("a.jsonl", '{"text": "a", "entities": [{"start_offset": 0, "end_offset": 1, "label": "C"}]}\n', "doccano"),
        ("a.jsonl", '{"text": "a", "label": []}\n' * 300 + '{"text": "a", "label": [[0, 1, "C"]]}\n', "doccano"),
        ("a.jsonl", '{"text": "a", "label": []}\n', "doccano"),
        ("a.jsonl", '{"text": "a", "label": "good"}\n', "jsonl"),
        ("a.jsonl", '{"text": "a", "label": ["good", "short"]}\n', "jsonl"),
        (
            "a.jsonl",
            '{"text": "a", "label": [[0, 1, "C"]], "entities": [{"start": 0, "end": 1, "label": "C"}]}',
            "jsonl",
        ),
        ("a.jsonl", '{"text": "a", "label": [], "entities": []}\n', "jsonl"),
        ("a.jsonl", '{"text": "a", "spans": [], "entities": []}\n', "jsonl"),
        ("a.jsonl", '{"text": "a", "status": "failed", "label": []}\n', "jsonl"),
        ("a.jsonl", '{"text": "a"}\n{"text": "b", "spans": [{"start": 0, "end": 1, "label": "C"}]}\n', "prodigy"),
        ("a.jsonl", '{"text": "a", "_input_hash": -3, "_task_hash": 4, "answer": "ignore"}\n', "prodigy"),
        ("a.jsonl", '{"text": "a", "spans": [], "answer": "accept"}\n', "prodigy"),
        ("a.jsonl", '{"text": "a", "answer": "accept"}\n', "jsonl"),
        ("a.jsonl", "{not JSON\n", "jsonl"),
        ("lines.txt", '{"text": "a", "label": [[0, 1, "C"]]}\n', "doccano"),
    ],
)
def test_a_format_is_told_by_suffix_then_by_the_first_lines(tmp_path: Path, name: str, content: str, format: str):
    path = tmp_path / name
    path.write_text(content)
    assert detect(path).name == format


def test_a_folder_of_texts_is_text_and_another_folder_nothing(tmp_path: Path):
    with pytest.raises(InputError, match="folder without"):
        detect(tmp_path)
    (tmp_path / "a.txt").write_text("x")
    assert detect(tmp_path).name == "text"


def test_a_file_that_looks_like_nothing_asks_for_its_format(tmp_path: Path):
    (tmp_path / "a.xyz").write_text("hello\n")
    with pytest.raises(InputError) as caught:
        detect(tmp_path / "a.xyz")
    assert "jsonl, conll" in caught.value.remedy


def test_an_unknown_name_lists_the_formats_and_the_nearest():
    assert by_name("csv") is FORMATS["csv"]
    with pytest.raises(UnknownNameError) as caught:
        by_name("JSON")
    assert "did you mean 'jsonl'" in caught.value.remedy
    assert all(name in caught.value.remedy for name in FORMATS)


def test_a_folder_is_told_by_its_files_whatever_texts_lie_beside_them(tmp_path: Path):
    for name, format in (("a.ann", "brat"), ("a.parquet", "parquet"), ("state.json", "huggingface"), ("a.txt", "text")):
        folder = tmp_path / format
        folder.mkdir()
        (folder / name).write_text("")
        assert detect(folder).name == format
        (folder / "README.txt").write_text("x")
        assert detect(folder).name == format


@pytest.mark.parametrize("name", ["a.jsonl", "a.conll", "a.csv", "a.txt", "a.json"])
@pytest.mark.parametrize("content", ["", "\n\n"])
def test_a_file_without_documents_is_an_input_error(tmp_path: Path, name: str, content: str):
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match="holds no documents"):
        list(read_documents(tmp_path / name))


def test_a_missing_file_is_an_input_error_whatever_its_suffix(tmp_path: Path):
    for name in ("a.jsonl", "a.txt", "a.csv", "a.tsv", "a", "a.json", "a.parquet", "a.ann"):
        with pytest.raises(InputError, match="no such file"):
            list(read_documents(tmp_path / name))


def test_a_named_format_wins_over_the_suffix(tmp_path: Path):
    path = tmp_path / "a.conll"
    path.write_text("NaCl\nwater\n")
    assert [r.document.text for r in read_documents(path, "text")] == ["NaCl", "water"]


@pytest.mark.parametrize("suffix", ["jsonl", "conll", "csv", "json", "parquet"])
def test_documents_go_out_and_come_back_by_the_suffix(tmp_path: Path, suffix: str):
    document = Document(DocId("a-1"), "NaCl in water", (Span(0, 4, "C"),))
    path = tmp_path / f"a.{suffix}"
    write_documents([document], path)
    assert [r.document for r in read_documents(path)] == [document]


@pytest.mark.parametrize("name", ["doccano", "prodigy"])
def test_a_dialect_of_jsonl_is_written_by_name_and_told_again(tmp_path: Path, name: str):
    document = Document(DocId("a-1"), "NaCl in water", (Span(0, 4, "C"),))
    write_documents([document], tmp_path / "a.jsonl", name)
    assert detect(tmp_path / "a.jsonl").name == name
    assert [r.document for r in read_documents(tmp_path / "a.jsonl")] == [document]


def test_an_unknown_suffix_cannot_be_written_without_a_format(tmp_path: Path):
    with pytest.raises(InputError) as caught:
        write_documents([], tmp_path / "a.xyz")
    assert "jsonl, conll" in caught.value.remedy
