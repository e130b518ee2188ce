import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from allabel.document import DocId, Document, Span
from allabel.errors import InputError
from allabel.formats.base import FormatWarning
from allabel.formats.label_studio import LabelStudio

TEXT = "🧪 NaCl in\nwater"


def region(start: int, end: int, text: str | None, *labels: str) -> dict[str, Any]:
    value = {"start": start, "end": end, "labels": list(labels)} | ({} if text is None else {"text": text})
    return {"id": "x", "from_name": "label", "to_name": "text", "type": "labels", "origin": "manual", "value": value}


def task(*regions: dict[str, Any], text: str = TEXT, **annotation: Any) -> dict[str, Any]:
    return {"id": 7, "data": {"text": text}, "annotations": [{"id": 1, "result": list(regions), **annotation}]}


def read(tmp_path: Path, tasks: Any, part: str = "annotations") -> list[Document]:
    path = tmp_path / "tasks.json"
    path.write_text(tasks if isinstance(tasks, str) else json.dumps(tasks, indent=1))
    return [record.document for record in LabelStudio(part).read(path)]


def test_offsets_are_code_points_as_the_region_s_own_text_says(tmp_path: Path):
    (document,) = read(tmp_path, [task(region(2, 6, "NaCl", "Chemical"))])
    assert document.entities == (Span(2, 6, "Chemical"),)
    assert document.id == "7"


def test_a_task_counted_in_utf_16_units_is_read_as_such_and_said(tmp_path: Path):
    with pytest.warns(FormatWarning, match="1 tasks counted in UTF-16 units"):
        (document,) = read(tmp_path, [task(region(0, 2, "🧪", "E"), region(3, 7, "NaCl", "Chemical"))])
    assert document.entities == (Span(0, 1, "E"), Span(2, 6, "Chemical"))


def test_a_region_whose_text_fits_neither_unit_is_an_error_that_names_task_text_and_remedy(tmp_path: Path):
    with pytest.raises(InputError) as caught:
        read(tmp_path, [task(), task(region(4, 8, "NaCl", "Chemical")) | {"id": 8}])
    message = str(caught.value)
    assert "tasks.json, line" in message
    assert "task 2 has a region [4, 8) that says 'NaCl' where the text has 'Cl i'" in message
    assert "code points" in caught.value.remedy


def test_a_region_without_a_text_is_not_shifted_by_the_ones_that_count_in_units(tmp_path: Path):
    with pytest.raises(InputError, match="task 1 has a region"):
        read(tmp_path, [task(region(3, 7, "NaCl", "A"), region(3, 7, None, "B"))])


@pytest.mark.parametrize("said", ["in\\nwater", "in water", "in\nwater", "in\\n water"])
def test_line_ends_and_collapsed_white_space_of_a_region_s_text_are_no_disagreement(tmp_path: Path, said: str):
    (document,) = read(tmp_path, [task(region(7, 15, said, "X"))])
    assert document.entities == (Span(7, 15, "X"),)


def test_several_labels_of_a_region_are_several_entities(tmp_path: Path):
    (document,) = read(tmp_path, [task(region(2, 6, "NaCl", "A", "B"))])
    assert document.entities == (Span(2, 6, "A"), Span(2, 6, "B"))


def test_the_newest_annotation_counts_and_a_cancelled_one_is_none(tmp_path: Path):
    one = task(region(0, 1, "🧪", "Old"), updated_at="2024-01-01T00:00:00Z", lead_time=3.5)
    newer = {"result": [region(2, 6, "NaCl", "New")], "updated_at": "2024-02-01T00:00:00Z", "lead_time": 8.25}
    skipped = {"result": [], "was_cancelled": True, "updated_at": "2024-03-01T00:00:00Z"}
    one["annotations"] = [newer, *one["annotations"], skipped]
    with pytest.warns(FormatWarning, match="1 older or further annotations"):
        (document,) = read(tmp_path, [one])
    assert (document.entities, document.seconds) == ((Span(2, 6, "New"),), 8.25)
    one["annotations"] = [skipped]
    assert read(tmp_path, [one])[0].entities is None


def test_predictions_are_no_answers_unless_they_are_asked_for(tmp_path: Path):
    one = {"id": 1, "data": {"text": TEXT}, "predictions": [{"result": [region(2, 6, "NaCl", "C")], "score": 0.5}]}
    with pytest.warns(FormatWarning, match="1 tasks whose predictions were left out"):
        assert read(tmp_path, [one])[0].entities is None
    assert read(tmp_path, [one], "predictions")[0].entities == (Span(2, 6, "C"),)


def test_regions_that_are_no_stretch_of_text_are_left_out_with_their_type(tmp_path: Path):
    choice = {"type": "choices", "from_name": "c", "to_name": "text", "value": {"choices": ["good"]}}
    with pytest.warns(FormatWarning, match="1 regions of type 'choices'"):
        assert read(tmp_path, [task(choice, region(2, 6, "NaCl", "C"))])[0].entities == (Span(2, 6, "C"),)


def test_json_min_and_a_lone_task_are_read(tmp_path: Path):
    label = [{"start": 2, "end": 6, "text": "NaCl", "labels": ["C"]}]
    flat = {"text": TEXT, "id": 3, "source": "a", "label": label, "annotator": 1, "annotation_id": 4, "lead_time": 2.5}
    (document,) = read(tmp_path, [flat])
    assert document == Document(DocId("3"), TEXT, (Span(2, 6, "C"),), meta={"source": "a"}, seconds=2.5)
    (plain,) = read(tmp_path, [{"text": TEXT, "status": "new"}])
    assert (plain.entities, plain.meta) == (None, {"status": "new"})
    assert read(tmp_path, task(region(2, 6, "NaCl", "C")))[0].entities == (Span(2, 6, "C"),)


def test_what_is_written_names_label_studio_s_own_tags_and_keeps_everything(tmp_path: Path):
    document = Document(
        DocId("a/1"), TEXT, (Span(0, 1, "E"), Span(0, 6, "X")), {"v": ("x",)}, {"doi": "10.1/2"}, seconds=4.5
    )
    open_one = Document(DocId("b"), "")
    path = tmp_path / "out.json"
    LabelStudio().write([document, open_one], path)
    written = json.loads(path.read_text())
    (answer,) = written[0]["annotations"]
    assert answer["lead_time"] == 4.5
    assert answer["result"][0] == {
        "id": "e0",
        "from_name": "label",
        "to_name": "text",
        "type": "labels",
        "value": {"start": 0, "end": 1, "text": "🧪", "labels": ["E"]},
    }
    assert "annotations" not in written[1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [record.document for record in LabelStudio().read(path)] == [document, open_one]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('[{"data": {"text": "a"}}, 3]', "line 1: task 2 is 3, not an object"),
        ('[{"data": {"text": "a"}},\n {"data": {"body": "a"}}]', "line 2: task 2 has no string `text`.*'body'"),
        ('[{"data": {"text": "a"}}', "a comma or ] is missing; it looks cut off"),
        ('[{"data": {"text": NaN}}]', "task 1 cannot be read as JSON: NaN"),
        ('[{"data": {"text": "a\\ud83d"}}]', "task 1 .* half of a surrogate pair"),
        ('[{"data": {"id": 1, "text": "a"}}, {"data": {"id": "1", "text": "b"}}]', "task 2 has the id '1', and so has"),
        ('[{"data": {"text": "a"}, "annotations": 3}]', "has the annotations 3"),
        ('[{"data": {"text": "a"}}] []', "more after the end"),
        ('[{"data": {"text": "a"}},\n]', "line 2: is not JSON at column 1: a task is missing after the comma"),
        ('[{"text": "a", "entities": [{"start": 0, "end": 1, "label": "C"}]}]', "task 1 .* the keys of jsonl, whose"),
        ('[{"text": "a", "entities": []}]', "task 1 is no task of Label Studio"),
        ('[{"text": "a", "label": [[0, 1, "C"]]}]', "task 1 .* the keys of doccano"),
        ('[{"text": "a", "spans": [{"start": 0, "end": 1, "label": "C"}]}]', "task 1 .* the keys of prodigy"),
        (
            '[{"data":{"text":"a"},"annotations":[{"result":[{"value":{"start":0,"end":9,"labels":["C"]}}]}]}]',
            r"task 1 has the entity \[0, 9\) 'C', outside",
        ),
        (
            '[{"data":{"text":"a"},"annotations":[{"result":[{"value":{"start":"0","end":1,"labels":["C"]}}]}]}]',
            "task 1 has an entity from '0' to 1",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_task(tmp_path: Path, content: str, problem: str):
    with pytest.raises(InputError, match=problem) as caught:
        read(tmp_path, content)
    assert caught.value.remedy
