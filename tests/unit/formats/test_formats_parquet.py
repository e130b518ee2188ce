import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from allabel.document import DocId, Document, Span
from allabel.errors import InputError, MissingExtraError
from allabel.formats.parquet import Parquet
from allabel.formats.registry import read_documents

DOCUMENTS = [
    Document(DocId("a"), "🧪 NaCl\r\n", (Span(0, 6, "X"), Span(2, 6, "C")), {"v": ("x", "y")}, {"k": [1, None]}, 2.5),
    Document(DocId("b"), "", ()),
    Document(DocId("c"), "open"),
]


def table(path: Path, **columns: list[Any]) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def read(path: Path) -> list[Document]:
    return [record.document for record in Parquet().read(path)]


def test_everything_comes_back_from_parquet(tmp_path: Path):
    path = tmp_path / "a.parquet"
    Parquet().write(iter(DOCUMENTS), path)
    assert read(path) == DOCUMENTS
    assert [p.name for p in tmp_path.iterdir()] == ["a.parquet"]


def test_only_the_columns_that_are_needed_are_read(tmp_path: Path):
    path = table(tmp_path / "a.parquet", sentence=["x"], vector=[[0.5] * 8], id=[7])
    assert read(path) == [Document(DocId("7"), "x")]


def test_rows_without_an_id_are_numbered_and_those_that_failed_are_not_annotated(tmp_path: Path):
    entities = [{"start": 0, "end": 1, "label": "C", "score": 0.5}]
    path = table(tmp_path / "a.parquet", text=["x", "y"], entities=[entities, []], status=["ok", "truncated"])
    assert read(path) == [Document(DocId("a-1"), "x", (Span(0, 1, "C"),)), Document(DocId("a-2"), "y")]


def test_a_folder_of_parts_is_read_in_the_order_of_its_names(tmp_path: Path):
    for name in ("part-2", "part-1"):
        table(tmp_path / f"{name}.parquet", text=[name])
    assert [record.document.text for record in read_documents(tmp_path)] == ["part-1", "part-2"]


def test_reading_and_writing_go_batch_by_batch(tmp_path: Path):
    made = 0

    def documents() -> Iterator[Document]:
        nonlocal made
        for made in range(1, 25_001):
            yield Document(DocId(str(made)), f"text {made}", ())

    path = tmp_path / "a.parquet"
    Parquet().write(documents(), path)
    with pq.ParquetFile(path) as file:
        assert file.num_row_groups == 3
    records = Parquet().read(path)
    assert next(records).document.text == "text 1"
    assert sum(1 for _ in records) == made - 1


def test_a_failure_in_the_middle_leaves_the_old_file(tmp_path: Path):
    path = table(tmp_path / "a.parquet", text=["old"])
    with pytest.raises(InputError, match="'b' cannot be written: '\\\\ud83d' is half"):
        Parquet().write([DOCUMENTS[0], Document(DocId("b"), "a\ud83d")], path)
    assert read(path)[0].text == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.parquet"]


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"body": ["x"]}, "has no text column among body"),
        ({"text": ["x", None]}, "row 2 has no `text`"),
        ({"text": ["x", 3]}, None),
        ({"text": ["x"], "entities": [[{"start": 0, "end": 2, "label": "C"}]]}, r"row 1 has the entity \[0, 2\) 'C'"),
        (
            {"text": ["x"], "entities": [[{"start": 0, "end": None, "label": "C"}]]},
            "row 1 has an entity from 0 to None",
        ),
        ({"text": ["x"], "seconds": [float("nan")]}, "row 1 has the `seconds` nan"),
        ({"text": ["x"], "values": [[{"name": "v"}]]}, "row 1 has the `values`"),
        ({"text": ["x"], "values": [["TiO2"]]}, r"row 1 has the `values` \['TiO2'\]"),
        ({"text": ["x"], "meta": ["{"]}, "row 1 is not JSON"),
        ({"text": ["x"], "meta": ["[1]"]}, "row 1 has a `meta` that is a list"),
    ],
)
def test_what_is_wrong_is_named_with_its_row(tmp_path: Path, columns: dict[str, list[Any]], problem: str | None):
    if problem is None:
        columns, problem = {"text": [1, 2]}, "row 1 has a `text` that is a number"
    with pytest.raises(InputError, match=problem) as caught:
        read(table(tmp_path / "a.parquet", **columns))
    assert str(tmp_path / "a.parquet") in str(caught.value)
    assert caught.value.remedy


def test_what_is_no_parquet_is_an_input_error(tmp_path: Path):
    path = tmp_path / "a.parquet"
    with pytest.raises(InputError, match="no such file"):
        read(path)
    for content in (b"", b"PAR1 and no more"):
        path.write_bytes(content)
        with pytest.raises(InputError, match="is not Parquet, or is damaged"):
            read(path)


def test_without_pyarrow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for job in (lambda: read(tmp_path / "a.parquet"), lambda: Parquet().write([], tmp_path / "a.parquet")):
        with pytest.raises(MissingExtraError, match=r"pip install 'allabel\[parquet\]'"):
            job()
