import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allabel.annotate.base import Demonstration
from allabel.annotate.ground import ground_mentions
from allabel.annotate.llm.forms.error import ReplyFormatError
from allabel.annotate.llm.forms.grouped_form import GroupedForm
from allabel.document import DocId, Span
from allabel.schema import LabelSchema

SCHEMA = LabelSchema.of(["Chemical", "Disease"])
FORM = GroupedForm()


def reply(**names: list[str]) -> str:
    return json.dumps({"Chemical": [], "Disease": []} | names, ensure_ascii=False)


def spans(text: str, content: str) -> list[tuple[int, int, str]]:
    found = ground_mentions(text, FORM.read(content, text, SCHEMA), overlap=False)
    return sorted((p.span.start, p.span.end, p.label) for p in found.proposals if p.span)


def test_an_answer_lists_each_name_once_under_every_label_in_the_schemas_order() -> None:
    shown = Demonstration(DocId("d"), "HCl, then HCl", (Span(0, 3, "Chemical"), Span(10, 13, "Chemical")))
    assert FORM.answer(shown, SCHEMA.names) == '{"Chemical":["HCl"],"Disease":[]}'


def test_a_name_stands_wherever_it_occurs() -> None:
    assert spans("HCl, then HCl", reply(Chemical=["HCl"])) == [(0, 3, "Chemical"), (10, 13, "Chemical")]


def test_a_name_does_not_stand_inside_a_longer_one_of_the_reply() -> None:
    text = "hydrochloric acid and another acid"
    assert spans(text, reply(Chemical=["acid", "hydrochloric acid"])) == [(0, 17, "Chemical"), (30, 34, "Chemical")]


def test_a_name_that_occurs_only_inside_a_longer_one_is_told_as_overlapping() -> None:
    text = "hydrochloric acid"
    mentions = FORM.read(reply(Chemical=["hydrochloric acid", "acid"]), text, SCHEMA)
    found = ground_mentions(text, mentions, overlap=False)
    assert [p.mention for p in found.overlapping] == ["acid"]


def test_a_name_stands_inside_a_longer_one_too_where_entities_may_nest() -> None:
    nesting = SCHEMA.model_copy(update={"overlap": True})
    mentions = FORM.read(reply(Chemical=["hydrochloric acid"], Disease=["acid"]), "hydrochloric acid", nesting)
    found = ground_mentions("hydrochloric acid", mentions, overlap=True)
    assert sorted((p.span.start, p.span.end) for p in found.proposals if p.span) == [(0, 17), (13, 17)]


def test_a_name_that_is_nowhere_is_kept_as_missing() -> None:
    (mention,) = FORM.read(reply(Disease=["gout"]), "HCl", SCHEMA)
    assert (mention.label, mention.text, mention.occurrence) == ("Disease", "gout", None)


def test_every_mention_knows_where_the_answer_wrote_it() -> None:
    content = reply(Chemical=['4"-yl', "µm"])
    mentions = FORM.read(content, "x", SCHEMA)
    assert [json.loads(f'"{content[m.start : m.end]}"') for m in mentions] == [m.text for m in mentions]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{"Chemical":["HCl"]}', "does not list the label 'Disease'"),
        ('{"Chemical":[],"Disease":[],"Drug":[]}', "'Drug', which is not in the schema"),
        ('{"Chemical":"HCl","Disease":[]}', "Chemical"),
        ('{"Chemical":[],"Chemical":[],"Disease":[]}', "twice"),
        ('{"Chemical":[""],"Disease":[]}', "0 characters"),
        ('{"Chemical":["' + 300 * "a" + '"],"Disease":[]}', "may be cut off"),
        ("HCl", "not JSON"),
        ("[]", "the top"),
    ],
)
def test_what_does_not_keep_to_the_form_is_refused(content: str, problem: str) -> None:
    with pytest.raises(ReplyFormatError, match=problem.replace("(", r"\(")):
        FORM.read(content, "HCl", SCHEMA)


def test_a_full_list_may_be_cut_off_unless_it_goes_round() -> None:
    form = GroupedForm(max_names=3)
    with pytest.raises(ReplyFormatError, match="lists 3 names under Chemical"):
        form.read(reply(Chemical=["a", "b", "c"]), "a b c d", SCHEMA)
    assert [m.text for m in form.read(reply(Chemical=["a", "b", "a"]), "a b c d", SCHEMA)] == ["a", "b"]


def test_the_schema_lets_only_strings_of_the_text_be_written() -> None:
    bound = FORM.json_schema(SCHEMA, "HCl in water")
    assert bound["$defs"]["name"]["enum"] == ["HCl", "in", "water", "HCl in", "in water", "HCl in water"]
    assert bound["required"] == ["Chemical", "Disease"]
    assert "enum" not in GroupedForm(copy=False).json_schema(SCHEMA, "HCl in water")["$defs"]["name"]


def test_what_would_be_refused_as_too_long_cannot_be_written() -> None:
    bound = FORM.json_schema(SCHEMA, f"NaCl {'A' * 5000} water")
    assert bound["$defs"]["name"]["enum"] == ["NaCl", "water"]


@given(st.lists(st.sampled_from(["HCl", "H2O", "n-BuLi", "acid", "gout", " ", ", ", '"', "(R)-"]), max_size=12))
def test_what_it_writes_of_names_that_stand_alone_it_reads(pieces: list[str]) -> None:
    text = " ".join(pieces)
    names = {"HCl", "H2O", "n-BuLi"} & set(text.split())
    found = [Span(text.index(name), text.index(name) + len(name), "Chemical") for name in sorted(names)]
    content = FORM.answer(Demonstration(DocId("d"), text, tuple(found)), SCHEMA.names)
    assert {(m.text, m.label) for m in FORM.read(content, text, SCHEMA)} == {(name, "Chemical") for name in names}
