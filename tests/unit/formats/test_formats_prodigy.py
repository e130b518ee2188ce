import json
from pathlib import Path
from typing import Any

import pytest

from allabel.document import DocId, Document, Span
from allabel.errors import InputError
from allabel.formats.base import FormatWarning
from allabel.formats.prodigy import Prodigy

TASK: dict[str, Any] = {
    "text": "🧪 NaCl in water",
    "_input_hash": -12,
    "_task_hash": 34,
    "tokens": [
        {"text": "🧪", "start": 0, "end": 1, "id": 0, "ws": True},
        {"text": "NaCl", "start": 2, "end": 6, "id": 1, "ws": True},
        {"text": "in", "start": 7, "end": 9, "id": 2, "ws": True},
        {"text": "water", "start": 10, "end": 15, "id": 3, "ws": False},
    ],
    "spans": [{"start": 2, "end": 9, "token_start": 1, "token_end": 2, "label": "Chemical"}],
    "_view_id": "ner_manual",
    "answer": "accept",
    "meta": {"source": "x"},
}


def read(tmp_path: Path, *tasks: dict[str, Any]) -> list[Document]:
    path = tmp_path / "db.jsonl"
    path.write_text("".join(json.dumps(task) + "\n" for task in tasks))
    return [record.document for record in Prodigy().read(path)]


def test_an_accepted_task_is_an_annotation_and_its_hashes_stay_in_meta(tmp_path: Path):
    (document,) = read(tmp_path, TASK)
    assert document.entities == (Span(2, 9, "Chemical"),)
    kept = {"_input_hash": -12, "_task_hash": 34, "_view_id": "ner_manual"}
    assert document.meta == {"source": "x", "prodigy": kept}


@pytest.mark.parametrize("answer", ["reject", "ignore"])
def test_a_rejected_or_ignored_task_is_no_annotation_and_is_counted(tmp_path: Path, answer: str):
    with pytest.warns(FormatWarning, match="1 rejected or ignored tasks"):
        (document,) = read(tmp_path, {**TASK, "answer": answer})
    assert document.entities is None
    assert document.meta["prodigy"]["answer"] == answer


def test_an_accepted_answer_to_one_suggestion_is_no_whole_annotation(tmp_path: Path):
    for binary in ({"_view_id": "ner"}, {"_is_binary": True}):
        with pytest.warns(FormatWarning, match="1 accepted answers to one suggestion"):
            assert read(tmp_path, {**TASK, **binary})[0].entities is None


def test_accepted_without_spans_is_none_here_and_no_answer_is_not_annotated(tmp_path: Path):
    bare = {"text": "x"}
    none, open_one, given = read(tmp_path, {**bare, "answer": "accept"}, bare, {**bare, "spans": []})
    assert (none.entities, open_one.entities, given.entities) == ((), None, ())


def test_what_a_task_holds_beside_is_left_out_and_counted_by_key(tmp_path: Path):
    with pytest.warns(FormatWarning, match=r"1 `relations` left out \(first: line 2\); 1 `doi` left out"):
        read(tmp_path, TASK, {**TASK, "text": "🧪 NaCl in water, too", "relations": [{"head": 1}], "doi": "10.1/2"})


def test_what_is_written_has_tokens_that_make_up_the_text_and_spans_on_their_edges(tmp_path: Path):
    text = "  a\u0301b \n NaCl  x "
    spans = (Span(2, 4, "A"), Span(2, 5, "B"), Span(11, 16, "C"))
    path = tmp_path / "out.jsonl"
    Prodigy().write([Document(DocId("a"), text, spans)], path)
    task = json.loads(path.read_text())
    tokens = task["tokens"]
    assert "".join(token["text"] + " " * token["ws"] for token in tokens) == text
    assert [token["id"] for token in tokens] == list(range(len(tokens)))
    for span in task["spans"]:
        assert tokens[span["token_start"]]["start"] == span["start"]
        assert tokens[span["token_end"]]["end"] == span["end"]
    assert task["answer"] == "accept"


def test_an_answer_comes_back_as_it_was_and_a_new_one_replaces_it(tmp_path: Path):
    with pytest.warns(FormatWarning, match="rejected"):
        (rejected,) = read(tmp_path, {**TASK, "answer": "reject"})
    path = tmp_path / "out.jsonl"
    Prodigy().write([rejected], path)
    assert json.loads(path.read_text())["answer"] == "reject"
    Prodigy().write([Document(rejected.id, rejected.text, (), meta=rejected.meta)], path)
    again = json.loads(path.read_text())
    assert (again["answer"], again["_input_hash"]) == ("accept", -12)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"answer": "maybe"}, "has the answer 'maybe'"),
        ({"spans": [{"start": 2, "end": 6, "token_start": 1, "token_end": 2, "label": "C"}]}, "stand from 2 to 9"),
        ({"spans": [{"start": 2, "end": 6, "token_start": 1, "token_end": 9, "label": "C"}]}, "and 4 tokens"),
        ({"spans": [{"start": 3, "end": 7, "text": "NaCl", "label": "C"}]}, "says 'NaCl' where the text has 'aCl '"),
        ({"spans": [{"start": 2, "end": 6}]}, "with the label None"),
        ({"spans": [{"start": 2, "end": 60, "label": "C"}]}, "outside or empty"),
        ({"spans": 3}, "has the spans 3"),
        ({"tokens": 3, "spans": [{"start": 2, "end": 60, "token_start": 0, "token_end": 0, "label": "C"}]}, "outside"),
        ({"meta": [1]}, "has a `meta` that is a list"),
        ({"text": None}, "has no `text`"),
    ],
)
def test_what_is_wrong_is_named_with_line_and_remedy(tmp_path: Path, changed: dict[str, Any], problem: str):
    with pytest.raises(InputError, match=problem) as caught:
        read(tmp_path, {"text": "first"}, {**TASK, **changed})
    assert "db.jsonl, line 2" in str(caught.value)
    assert caught.value.remedy
