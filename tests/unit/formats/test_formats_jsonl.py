import json
from pathlib import Path

import pytest

from allabel.document import DocId, Document, Span
from allabel.errors import InputError
from allabel.formats.jsonl import Jsonl


def read(path: Path, *lines: str) -> list[Document]:
    path.write_bytes("\n".join(lines).encode() + b"\n")
    return [record.document for record in Jsonl().read(path)]


def error_of(path: Path, *lines: str) -> InputError:
    with pytest.raises(InputError) as caught:
        read(path, *lines)
    assert caught.value.file == path
    assert caught.value.remedy
    return caught.value


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "corpus.jsonl"


def test_a_native_line_becomes_a_document(path: Path):
    line = (
        '{"id": "a1", "text": "NaCl in water", "entities": [{"start": 0, "end": 4, "label": "Chemical"}], "meta": {}}'
    )
    assert read(path, line) == [Document(DocId("a1"), "NaCl in water", (Span(0, 4, "Chemical"),))]


def test_ids_are_given_by_stem_and_line_and_numbers_become_strings(path: Path):
    ids = [d.id for d in read(path, '{"text": "a"}', "", '{"id": 7, "text": "b"}', '{"id": null, "text": "c"}')]
    assert ids == ["corpus-1", "7", "corpus-4"]


def test_lines_are_counted_with_the_blank_ones(path: Path):
    path.write_text('\n{"text": "a"}\r\n\n{"text": "b"}')
    assert [record.line for record in Jsonl().read(path)] == [2, 4]


def test_no_entities_and_not_annotated_stay_apart(path: Path):
    none_here, not_annotated = read(path, '{"text": "a", "entities": []}', '{"text": "b"}')
    assert none_here.entities == ()
    assert not_annotated.entities is None


def test_entities_and_values_may_stand_together_and_strange_keys_are_left_out(path: Path):
    line = {
        "text": "TiO2 film",
        "entities": [{"start": 5, "end": 9, "label": "d", "match": "exact"}, {"start": 0, "end": 4, "label": "f"}],
        "entities_flat": [],
        "values": {"f": ["TiO2"], "n": []},
        "unmatched": [],
    }
    (document,) = read(path, json.dumps(line))
    assert document.entities == (Span(0, 4, "f"), Span(5, 9, "d"))
    assert document.values == {"f": ("TiO2",), "n": ()}
    assert document.meta == {}


def test_nested_spans_and_two_labels_on_one_span_are_all_kept(path: Path):
    spans = [{"start": 0, "end": 4, "label": x} for x in "ab"] + [{"start": 0, "end": 2, "label": "a"}]
    (document,) = read(path, json.dumps({"text": "TiO2", "entities": spans}))
    assert document.entities == (Span(0, 2, "a"), Span(0, 4, "a"), Span(0, 4, "b"))


def test_a_failed_reply_reads_as_not_annotated_even_with_entities_beside_it(path: Path):
    failed = '{"text": "a", "status": "truncated", "backend": "chat", "error": "cut", "entities": []}'
    entity = '{"start": 0, "end": 1, "label": "x", "score": 0.5, "grounding": "exact", "demonstrations": ["d"]}'
    good = f'{{"text": "a", "status": "ok", "entities": [{entity}]}}'
    documents = read(path, failed, good)
    assert documents[0].entities is None
    assert documents[1].entities == (Span(0, 1, "x"),)


def test_a_cut_line_is_named_with_its_column_and_said_to_be_cut(path: Path):
    for cut in ('{"text": "a", "enti', '{"text": "a"', '{"text": "a", '):
        error = error_of(path, '{"text": "a"}', cut)
        assert error.line == 2
        assert "column" in error.problem
        assert "cut off" in error.problem
    assert "cut off" not in error_of(path, '{"text" "a"}').problem


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("[1]", "list"),
        ("null", "null"),
        ('{"id": "a"}', "no `text`"),
        ('{"text": 3}', "number"),
        ('{"text": ["a"]}', "list"),
        ('{"id": "", "text": "a"}', "''"),
        ('{"id": true, "text": "a"}', "True"),
        ('{"text": "a", "meta": []}', "list"),
        ('{"text": "a", "values": {"x": "y"}}', "'x'"),
        ('{"text": "a", "values": ["x"]}', "'x'"),
        ('{"text": "a", "entities": {}}', "object"),
        ('{"text": "a", "entities": ["x"]}', "'x'"),
        ('{"text": "abc", "entities": [{"start": 0, "label": "x"}]}', "None"),
        ('{"text": "abc", "entities": [{"start": false, "end": true, "label": "x"}]}', "False"),
        ('{"text": "abc", "entities": [{"start": 0.0, "end": 1.0, "label": "x"}]}', "0.0"),
        ('{"text": "abc", "entities": [{"start": "0", "end": "1", "label": "x"}]}', "'0'"),
        ('{"text": "abc", "entities": [{"start": 0, "end": 4, "label": "x"}]}', "[0, 4)"),
        ('{"text": "abc", "entities": [{"start": -1, "end": 1, "label": "x"}]}', "[-1, 1)"),
        ('{"text": "abc", "entities": [{"start": 1, "end": 1, "label": "x"}]}', "[1, 1)"),
        ('{"text": "abc", "entities": [{"start": 0, "end": 1, "label": 3}]}', "3"),
        ('{"text": "abc", "entities": [{"start": 0, "end": 1, "label": ""}]}', "''"),
        ('{"text": "a\\ud83d"}', "surrogate"),
        ('{"text": "a", "meta": {"k": "\\uDC00"}}', "surrogate"),
        ('{"text": "a", "score": NaN}', "NaN"),
        ('{"text": "a", "n": ' + "9" * 5000 + "}", "JSON"),
        ('{"text": ' + "[" * 100_000, "JSON"),
    ],
)
def test_a_wrong_line_names_its_file_line_and_value(path: Path, line: str, value: str):
    error = error_of(path, '{"text": "fine"}', line)
    assert error.line == 2
    assert value in error.problem


def test_an_escaped_surrogate_pair_is_one_character(path: Path):
    (document,) = read(path, '{"text": "\\ud83e\\uddea!", "entities": [{"start": 1, "end": 2, "label": "x"}]}')
    assert document.text == "🧪!"


def test_writing_keeps_characters_as_themselves_and_leaves_out_what_is_not_there(path: Path):
    Jsonl().write([Document(DocId("é"), "°C\n"), Document(DocId("b"), "x", (), {"f": ()}, {"n": [1]})], path)
    assert path.read_text(encoding="utf-8").split("\n") == [
        '{"id": "é", "text": "°C\\n", "meta": {}}',
        '{"id": "b", "text": "x", "entities": [], "values": {"f": []}, "meta": {"n": [1]}}',
        "",
    ]


@pytest.mark.parametrize("meta", [{"at": Path()}, {"x": float("nan")}])
def test_meta_that_json_cannot_hold_is_an_input_error_that_names_the_document(path: Path, meta: dict[str, object]):
    with pytest.raises(InputError, match="document 'a'"):
        Jsonl().write([Document(DocId("a"), "x", meta=meta)], path)
    assert not path.exists()
