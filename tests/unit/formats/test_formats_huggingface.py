import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from allabel.document import DocId, Document, Span
from allabel.errors import InputError
from allabel.formats.base import FormatWarning
from allabel.formats.huggingface import HuggingFace
from allabel.formats.registry import detect, read_documents

DOCUMENT = Document(DocId("a"), "🧪 NaCl in water", (Span(2, 6, "Chemical"), Span(10, 15, "Chemical")))
OPEN = Document(DocId("b"), "not annotated")


def table(path: Path, **columns: list[Any]) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def read(path: Path) -> list[Document]:
    return [record.document for record in HuggingFace().read(path)]


def test_tokens_and_tags_come_back_and_null_tags_say_not_annotated(tmp_path: Path):
    path = tmp_path / "a.parquet"
    HuggingFace().write(iter([DOCUMENT, OPEN]), path)
    assert read(path) == [DOCUMENT, OPEN]
    assert [record.document for record in read_documents(path)] == [DOCUMENT, OPEN]


def test_the_datasets_library_loads_the_tags_with_their_names_and_what_it_saves_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    datasets = pytest.importorskip("datasets", reason="the library that reads it is in the extra eval")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    path = tmp_path / "a.parquet"
    HuggingFace().write([DOCUMENT, OPEN], path)
    datasets.disable_progress_bars()
    loaded = datasets.load_dataset(
        "parquet", data_files=os.fspath(path), split="train", cache_dir=os.fspath(tmp_path / "cache")
    )
    names = loaded.features["ner_tags"].feature.names
    assert names == ["O", "B-Chemical", "I-Chemical"]
    assert loaded[0]["tokens"] == ["🧪", "NaCl", "in", "water"]
    assert [names[tag] for tag in loaded[0]["ner_tags"]] == ["O", "B-Chemical", "O", "B-Chemical"]
    loaded.save_to_disk(tmp_path / "saved")
    assert detect(tmp_path / "saved").name == "huggingface"
    assert read(tmp_path / "saved") == [DOCUMENT, OPEN]
    datasets.DatasetDict({"train": loaded, "test": loaded}).save_to_disk(tmp_path / "splits")
    assert read(tmp_path / "splits/test") == [DOCUMENT, OPEN]
    with pytest.raises(InputError, match="several splits") as caught:
        read(tmp_path / "splits")
    assert "test, train" in caught.value.remedy


def test_our_own_columns_load_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    datasets = pytest.importorskip("datasets", reason="the library that reads it is in the extra eval")
    from allabel.formats.parquet import Parquet

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    path = tmp_path / "a.parquet"
    Parquet().write([DOCUMENT, OPEN], path)
    datasets.disable_progress_bars()
    loaded = datasets.load_dataset(
        "parquet", data_files=os.fspath(path), split="train", cache_dir=os.fspath(tmp_path / "cache")
    )
    assert loaded[0]["entities"][0] == {"start": 2, "end": 6, "label": "Chemical"}
    assert loaded[1]["entities"] is None


def test_tags_may_be_strings_in_any_scheme(tmp_path: Path):
    path = table(tmp_path / "a.parquet", tokens=[["New", "York", "x"]], ner_tags=[["B-LOC", "L-LOC", "U-Y"]])
    assert read(path) == [Document(DocId("a-1"), "New York x", (Span(0, 8, "LOC"), Span(9, 10, "Y")))]


def test_rows_without_ids_get_other_ones_in_each_part(tmp_path: Path):
    folder = tmp_path / "split"
    folder.mkdir()
    for name in ("one", "two"):
        table(folder / f"{name}.parquet", tokens=[["a"]], ner_tags=[["O"]])
    assert [document.id for document in read(folder)] == ["split-one-1", "split-two-1"]


def test_two_schemes_in_one_file_are_named_with_their_rows(tmp_path: Path):
    path = table(tmp_path / "a.parquet", tokens=[["a"], ["b"]], ner_tags=[["S-X"], ["U-X"]])
    with pytest.raises(InputError, match=r"a\.parquet: row 2: the tag 'U-X' and the tag 'S-X' of row 1 belong to two"):
        read(path)


def test_spans_that_overlap_and_meta_are_told_when_they_are_lost(tmp_path: Path):
    document = Document(DocId("a"), "NaCl in", (Span(0, 4, "A"), Span(0, 7, "B")), meta={"k": 1})
    path = tmp_path / "a.parquet"
    with pytest.warns(FormatWarning) as caught:
        HuggingFace().write([document], path)
    told = " ".join(str(warning.message) for warning in caught)
    assert "'a': 1 nested, overlapping or blank entities" in told
    assert "1 `meta` left out" in told
    assert read(path)[0].entities == (Span(0, 7, "B"),)


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"tokens": [["a"]]}, "no columns of tokens and tags among tokens"),
        ({"tokens": [["a"]], "ner_tags": [[1]]}, "row 1 has the tag 1, and the file does not name its tags"),
        ({"tokens": [["a"]], "ner_tags": [["Chemical"]]}, "row 1 has the tag 'Chemical'"),
        ({"tokens": [["a"], ["a", "b"]], "ner_tags": [["O"], ["O"]]}, "row 2 has 2 tokens and 1 tags"),
        ({"tokens": [["a"]], "labels": [1]}, "row 1 has the tags 1, not a list"),
        ({"tokens": [["a", None]], "ner_tags": [["O", "O"]]}, "row 1 has the tokens"),
        ({"tokens": [["", "a"]], "ner_tags": [["B-C", "O"]]}, "row 1 has the tag 'B-C' on token 0, which is empty"),
    ],
)
def test_what_is_wrong_is_named_with_its_row(tmp_path: Path, columns: dict[str, list[Any]], problem: str):
    with pytest.raises(InputError, match=problem) as caught:
        read(table(tmp_path / "a.parquet", **columns))
    assert caught.value.remedy


def test_a_folder_that_is_no_dataset_says_so(tmp_path: Path):
    with pytest.raises(InputError, match="no saved dataset"):
        read(tmp_path)
    (tmp_path / "state.json").write_text("{}")
    with pytest.raises(InputError, match=r"state\.json names no files"):
        read(tmp_path)
