import pytest

from allabel.annotate.parse import ReplyFormatError, parse, render, response_schema
from allabel.schema import LabelSchema

SCHEMA = LabelSchema.of(["Chemical", "Disease"])


def test_a_reply_is_read_as_pairs_in_its_own_order() -> None:
    content = '{"entities": [{"text": "HCl", "label": "Chemical"}, {"text": "gout", "label": "Disease"}]}'
    assert parse(content, SCHEMA) == [("Chemical", "HCl"), ("Disease", "gout")]


def test_no_entities_are_an_answer() -> None:
    assert parse('{"entities": []}', SCHEMA) == []


def test_raw_control_characters_inside_strings_are_read() -> None:
    assert parse('{"entities": [{"text": "a\tb", "label": "Chemical"}]}', SCHEMA) == [("Chemical", "a\tb")]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "not JSON"),
        ('{"entities": [', "not JSON"),
        ('```json\n{"entities": []}\n```', "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"entities": [], "entities": []}', "given twice"),
        ("{}", "entities"),
        ("[]", "the top"),
        ('{"entities": {}}', "entities"),
        ('{"entities": [], "note": 1}', "note"),
        ('{"entities": [{"text": "HCl"}]}', "entities.0.label"),
        ('{"entities": [{"text": "", "label": "Chemical"}]}', "entities.0.text"),
        ('{"entities": [{"text": 5, "label": "Chemical"}]}', "entities.0.text"),
        ('{"entities": [{"text": "HCl", "label": "chemical"}]}', "entities.0.label: 'chemical' is not in the schema"),
        ('{"entities": [{"text": "\\ud800", "label": "Chemical"}]}', "the reply"),
    ],
)
def test_any_other_form_is_refused_with_what_is_wrong(content: str, problem: str) -> None:
    with pytest.raises(ReplyFormatError, match="the reply") as caught:
        parse(content, SCHEMA)
    assert problem in str(caught.value)


def test_what_render_writes_parse_reads() -> None:
    pairs = [("Chemical", 'a "µ" \\ \n'), ("Disease", "β")]
    assert parse(render(pairs), SCHEMA) == pairs


def test_the_json_schema_bounds_every_string_and_list_and_names_the_labels() -> None:
    entities = response_schema(SCHEMA, max_entities=3, max_length=7)["properties"]["entities"]
    assert entities["maxItems"] == 3
    assert entities["items"]["properties"]["text"]["maxLength"] == 7
    assert entities["items"]["properties"]["label"]["enum"] == ["Chemical", "Disease"]
    assert entities["items"]["additionalProperties"] is False
