"""What the span editor is given, and what is read from what it sends back."""

import json
from typing import Any

import pytest

from allabel.document import Span
from allabel.errors import InputError
from allabel.schema import LabelSchema
from app.components.span_editor.data import EditorData, Problem, Suggestion, payload
from app.components.span_editor.offsets import Utf16
from app.components.span_editor.ops import read_ops

TEXT = "🧪 THF and 🧪 water"
OP = {"id": "a1", "op": "save", "doc_id": "d", "version": 3, "n": 7, "pairs": list(Utf16.of(TEXT).pairs)}


def editor_data(**more: Any) -> EditorData:
    given: dict[str, Any] = {
        "project": "p",
        "person": "anna",
        "doc_id": "d",
        "text": TEXT,
        "version": 3,
        "entities": (Span(2, 5, "Solvent"),),
        "suggestions": (Suggestion(12, 17, "Solvent", 0.9, "embedded", ("d1",)),),
        "rejected": (),
        "labels": LabelSchema.of(["Solvent"]).labels,
    }
    return EditorData(**given | more)


def test_the_browser_is_told_places_in_utf_16_units() -> None:
    sent = payload(editor_data(rejected=(Span(0, 1, "Solvent"),)))
    assert sent["entities"] == [{"start": 3, "end": 6, "label": "Solvent"}]
    assert (sent["suggestions"][0]["start"], sent["suggestions"][0]["end"]) == (14, 19)
    assert (sent["rejected"][0]["start"], sent["rejected"][0]["end"]) == (0, 2)
    assert sent["labels"][0] == {"name": "Solvent", "colour": "#0072B2", "key": "1", "definition": ""}
    assert json.loads(json.dumps(sent)) == sent


def test_a_conflict_is_told_with_the_other_version() -> None:
    problem = Problem("saved meanwhile", "conflict", (Span(12, 17, "Solvent"),), 4, "ben", "10:15")
    sent = payload(editor_data(problem=problem))["problem"]
    assert sent["theirs"] == [{"start": 14, "end": 19, "label": "Solvent"}]
    assert (sent["theirs_version"], sent["theirs_by"], sent["kind"]) == (4, "ben", "conflict")
    assert payload(editor_data())["problem"] is None


def test_ops_come_back_in_code_points_sorted_and_each_span_once() -> None:
    spans = [{"start": 14, "end": 19, "label": "Solvent"}, {"start": 3, "end": 6, "label": "Solvent"}]
    (op,) = read_ops({"beat": "1", "ops": [OP | {"entities": [*spans, spans[0]], "seconds": 4.5}]})
    assert [TEXT[s.start : s.end] for s in op.entities] == ["THF", "water"]
    assert (op.op, op.version, op.n, op.seconds, op.said_none) == ("save", 3, 7, 4.5, False)


def test_ops_that_are_acknowledged_are_not_given_again() -> None:
    assert [op.id for op in read_ops({"ops": [OP, OP | {"id": "a2"}]}, {"a1"})] == ["a2"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"op": "explode"},
        {"entities": [{"start": 5, "end": 5, "label": "Solvent"}]},
        {"entities": [{"start": -1, "end": 5, "label": "Solvent"}]},
        {"entities": [{"start": 1, "end": 5, "label": "Solvent"}]},
        {"entities": [{"start": 3.5, "end": 5, "label": "Solvent"}]},
        {"entities": [{"start": 3, "end": 5}]},
        {"pairs": [9, 2]},
        {"seconds": -1},
        {"seconds": float("nan")},
        {"version": None},
        {"id": ""},
    ],
)
def test_an_op_without_sense_is_given_as_a_problem_and_never_raised(wrong: dict[str, Any]) -> None:
    bad, good = read_ops({"ops": [OP | wrong, OP | {"id": "a2"}]})
    assert bad.op == "wrong"
    assert isinstance(bad.problem, InputError)
    assert bad.problem.remedy
    assert (good.op, good.problem) == ("save", None)


def test_a_wrong_op_keeps_its_id_so_that_it_can_be_acknowledged() -> None:
    assert read_ops({"ops": [OP | {"op": "explode"}]})[0].id == "a1"
    assert read_ops({"ops": ["nonsense"]})[0].id == ""


@pytest.mark.parametrize("outbox", [None, [], "x", {"ops": None}, {"ops": []}])
def test_an_empty_or_broken_outbox_holds_no_ops(outbox: Any) -> None:
    assert read_ops(outbox) == []
