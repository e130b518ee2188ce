import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from allabel.document import DocId, Document, Span
from allabel.errors import InputError
from allabel.formats.base import FormatWarning
from allabel.formats.doccano import Doccano


def read(tmp_path: Path, *lines: Any, code_points: bool = False) -> list[Document]:
    path = tmp_path / "admin.jsonl"
    path.write_text("".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in lines))
    return [record.document for record in Doccano(code_points=code_points).read(path)]


@pytest.mark.parametrize(
    "spans",
    [
        {"label": [[0, 4, "Chemical"]]},
        {"labels": [[0, 4, "Chemical"]]},
        {"entities": [{"id": 9, "label": "Chemical", "start_offset": 0, "end_offset": 4}], "relations": []},
    ],
)
def test_each_of_doccano_s_spellings_is_read(tmp_path: Path, spans: dict[str, Any]):
    (document,) = read(tmp_path, {"id": 5, "text": "NaCl in water", **spans, "Comments": [], "doi": "x"})
    assert document == Document(DocId("5"), "NaCl in water", (Span(0, 4, "Chemical"),), meta={"doi": "x"})


def test_an_empty_list_says_none_and_no_list_says_not_annotated(tmp_path: Path):
    none, open_one = read(tmp_path, {"text": "a", "label": [], "meta": None}, {"text": "b"})
    assert (none.entities, open_one.entities) == ((), None)


def test_offsets_count_utf_16_units_as_doccano_s_pages_do_and_it_is_said(tmp_path: Path):
    # The example of doccano issue 2290, counted in its pages and in Python.
    text = "👨🏻\u200d🚒 firemen drive firetrucks"
    with pytest.warns(FormatWarning, match="1 texts with characters beyond U.FFFF.*doccano_code_points"):
        (document,) = read(tmp_path, {"text": text, "label": [[22, 32, "vehicle"]]})
    assert document.entities is not None
    assert [text[s.start : s.end] for s in document.entities] == ["firetrucks"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(tmp_path, {"text": text, "label": [[19, 29, "vehicle"]]}, code_points=True) == [document]


def test_an_offset_inside_a_character_is_an_error_that_points_to_code_points(tmp_path: Path):
    with pytest.raises(InputError, match=r"line 1: has a span from 1 to 3 'C', outside the text or inside") as caught:
        read(tmp_path, {"text": "🧪x y", "label": [[1, 3, "C"]]})
    assert "doccano_code_points" in caught.value.remedy


def test_what_is_written_counts_as_doccano_shows_it(tmp_path: Path):
    path = tmp_path / "out.jsonl"
    document = Document(DocId("a"), "🧪 NaCl", (Span(2, 6, "C"),), meta={"k": [1]})
    Doccano().write([document, Document(DocId("b"), "x")], path)
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {"id": "a", "text": "🧪 NaCl", "label": [[3, 7, "C"]], "meta": {"k": [1]}},
        {"id": "b", "text": "x", "meta": {}},
    ]
    Doccano(code_points=True).write([document], path)
    assert json.loads(path.read_text())["label"] == [[2, 6, "C"]]


def test_what_doccano_would_drop_is_said_when_it_is_written(tmp_path: Path):
    overlapping = Document(DocId("a"), "NaCl", (Span(0, 4, "A"), Span(2, 4, "B")))
    with pytest.warns(FormatWarning, match="overlapping spans.*'a'.*empty texts.*'b'.*values.*'c'"):
        Doccano().write(
            [overlapping, Document(DocId("b"), "", ()), Document(DocId("c"), "x", values={"v": ("x",)})],
            tmp_path / "out.jsonl",
        )


def test_relations_are_left_out_and_counted(tmp_path: Path):
    spans = [{"id": n, "label": "C", "start_offset": n, "end_offset": n + 1} for n in range(2)]
    line = {"text": "ab", "entities": spans, "relations": [{"from_id": 0, "to_id": 1, "type": "r"}]}
    with pytest.warns(FormatWarning, match="1 relations left out"):
        assert len(read(tmp_path, line)[0].entities or ()) == 2


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ({"text": "a", "label": "good"}, "class of the whole text"),
        ({"text": "a", "label": ["good"]}, r"line 2: has 'good' in `label`"),
        ({"text": "a", "label": [[0, 2, "C"]]}, r"\[0, 2\) 'C', outside"),
        ({"text": "a", "label": [[0, 1, 3]]}, "with the label 3"),
        ({"text": "a", "label": [[0.0, 1, "C"]]}, "from 0.0 to 1"),
        ({"text": "a", "entities": [{"start": 0, "end": 1, "label": "C"}]}, "in `entities`"),
        ({"label": [], "relations": 3}, "has no `text`"),
        ('{"text": "a", "label": [[0, Infinity, "C"]]}', "Infinity is not a JSON number"),
        ('{"text": "\\ud83d", "label": []}', "half of a surrogate pair"),
        ({"id": 1, "text": "b"}, "has the id '1', and so has line 1"),
        ({"text": "a", "meta": 3}, "has a `meta` that is a number"),
    ],
)
def test_what_is_wrong_is_named_with_line_and_remedy(tmp_path: Path, line: Any, problem: str):
    with pytest.raises(InputError, match=problem) as caught:
        read(tmp_path, {"id": 1, "text": "a"}, line)
    assert "admin.jsonl, line 2" in str(caught.value)
    assert caught.value.remedy
