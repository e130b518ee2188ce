import json

import pytest

from allabel.annotate.base import Demonstration
from allabel.annotate.llm.forms.error import ReplyFormatError
from allabel.annotate.llm.forms.json_form import JsonForm
from allabel.document import DocId, Span
from allabel.schema import LabelSchema

SCHEMA = LabelSchema.of(["Chemical", "Disease"])
FORM = JsonForm()


def entity(text: str, label: str = "Chemical", **more: object) -> dict[str, object]:
    return {"text": text, "label": label, **more}


def reply(*entities: dict[str, object]) -> str:
    return json.dumps({"entities": entities})


def test_an_answer_names_which_of_equal_strings_is_meant() -> None:
    shown = Demonstration(DocId("d"), "HCl, then HCl", (Span(10, 13, "Chemical"),))
    assert FORM.answer(shown) == '{"entities":[{"text":"HCl","label":"Chemical","occurrence":2}]}'


def test_strings_inside_larger_names_are_counted_after_those_that_stand_alone() -> None:
    shown = Demonstration(DocId("d"), "H2O and H", (Span(0, 1, "Chemical"), Span(8, 9, "Chemical")))
    mentions = FORM.read(FORM.answer(shown), shown.text, SCHEMA)
    assert [m.occurrence for m in mentions] == [2, 1]


def test_a_reply_is_read_in_its_own_order() -> None:
    content = reply(entity("gout", "Disease", occurrence=1), entity("HCl", occurrence=2))
    mentions = FORM.read(content, "HCl HCl gout", SCHEMA)
    assert [(m.label, m.text, m.occurrence) for m in mentions] == [("Disease", "gout", 1), ("Chemical", "HCl", 2)]


def test_no_entities_are_an_answer() -> None:
    assert FORM.read('{"entities": []}', "x", SCHEMA) == []


def test_a_model_that_nothing_binds_may_leave_the_occurrence_out() -> None:
    (mention,) = FORM.read(reply(entity("HCl")), "HCl", SCHEMA)
    assert mention.occurrence is None


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("NaCl", "NaCl"),
        ("a\tb\n", "a\tb\n"),  # raw control characters, as models write them
        (r"4\"-yl", '4"-yl'),
        (r"\u00b5m \\ \/", "µm \\ /"),
        (r"\ud83e\uddea", "🧪"),
        ("🧪é", "🧪é"),
        (r"text\": \"x", 'text": "x'),
    ],
)
def test_a_mention_stands_in_the_content_where_its_characters_were_written(written: str, meant: str) -> None:
    content = (
        '{ "entities" : [{"label": "Disease", "text":"gout"}, {"te\\u0078t" :\n"' + written + '","label":"Chemical"}]}'
    )
    gout, mention = FORM.read(content, "", SCHEMA)
    assert mention.text == meant
    assert content[mention.start : mention.end] == written
    assert content[gout.start : gout.end] == "gout"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "not JSON"),
        ('{"entities": [', "not JSON"),
        ('```json\n{"entities": []}\n```', "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"entities": [], "entities": []}', "given twice"),
        ('{"entities": [{"text": "a", "text": "b", "label": "Chemical"}]}', "given twice"),
        ("{}", "entities"),
        ("[]", "the top"),
        ('{"entities": {}}', "entities"),
        ('{"entities": [], "note": 1}', "note"),
        ('{"entities": [{"text": "HCl"}]}', "entities.0.label"),
        (reply(entity("")), "entities.0.text"),
        ('{"entities": [{"text": 5, "label": "Chemical"}]}', "entities.0.text"),
        (reply(entity("HCl", "chemical")), "entities.0.label: 'chemical' is not in the schema"),
        (reply(entity("HCl", occurrence=0)), "entities.0.occurrence"),
        (reply(entity("HCl", occurrence=1.0)), "entities.0.occurrence"),
        (reply(entity("HCl", occurrence="1")), "entities.0.occurrence"),
        (reply(entity("HCl", occurrence=True)), "entities.0.occurrence"),
        (reply(entity("HCl", occurrence=float("nan"))), "entities.0.occurrence"),
        ('{"entities": [{"text": "\\ud800", "label": "Chemical"}]}', "entities.0.text"),
        ('{"entities": [{"text": "a", "label": "Chemical", "occurrence": ' + "1" * 5000 + "}]}", "not JSON"),
    ],
)
def test_any_other_form_is_refused_with_what_is_wrong(content: str, problem: str) -> None:
    with pytest.raises(ReplyFormatError, match="the reply") as caught:
        FORM.read(content, "HCl", SCHEMA)
    assert problem in str(caught.value)


def test_what_reaches_a_bound_may_be_cut_off_and_is_refused() -> None:
    form = JsonForm(max_entities=2, max_length=4)
    assert len(form.read(reply(entity("HCl")), "", SCHEMA)) == 1
    with pytest.raises(ReplyFormatError, match=r"lists 2 entities.*may be cut off"):
        form.read(reply(entity("a"), entity("b")), "", SCHEMA)
    with pytest.raises(ReplyFormatError, match=r"entities.0.text.*may be cut off"):
        form.read(reply(entity("NaCl")), "", SCHEMA)


def test_the_json_schema_bounds_everything_and_names_the_labels_of_the_schema() -> None:
    entities = JsonForm(3, 7, 9).json_schema(SCHEMA)["properties"]["entities"]
    assert entities["maxItems"] == 3
    properties = entities["items"]["properties"]
    assert properties["text"] == {"type": "string", "minLength": 1, "maxLength": 7}
    assert properties["label"]["enum"] == ["Chemical", "Disease"]
    assert properties["occurrence"] == {"type": "integer", "minimum": 1, "maximum": 9}
    assert entities["items"]["required"] == list(properties)
    assert entities["items"]["additionalProperties"] is False


def test_bounds_below_one_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        JsonForm(max_entities=0)
