import json
from pathlib import Path

import pytest

from allabel.annotate.base import Demonstration
from allabel.annotate.llm.base import Form
from allabel.annotate.llm.forms.grouped_form import GroupedForm
from allabel.annotate.llm.forms.json_form import JsonForm
from allabel.annotate.llm.forms.markup_form import MarkupForm
from allabel.annotate.llm.prompt import messages, request
from allabel.document import DocId, Span
from allabel.errors import InputError
from allabel.plugins import load
from allabel.schema import Label, LabelSchema

GOLDEN = Path(__file__).parents[3] / "golden" / "prompts"

SCHEMA = LabelSchema(
    labels=(
        Label(
            name="Chemical",
            definition="a substance & its salts",
            examples=("1,2-dichloroethane", "<nUm> M HCl"),
            not_examples=("water, where it is the solvent", '"buffer"'),
        ),
        Label(name="Disease"),
    ),
    guidelines="Leave out solvents.\n",
    overlap=True,
)
BEST = Demonstration(DocId("best"), 'NaCl in "brine", [111] NaCl', (Span(0, 4, "Chemical"), Span(23, 27, "Chemical")))
SECOND = Demonstration(
    DocId("second"), "gout, p << 1 β-drug", (Span(13, 19, "Chemical"), Span(0, 4, "Disease"), Span(15, 19, "Disease"))
)
FORMS: tuple[Form, ...] = (GroupedForm(), JsonForm(), MarkupForm())
each_form = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)


@each_form
def test_the_conversation_is_the_golden_one(form: Form) -> None:
    # A change of a prompt needs a new version in its template, and with it a new golden file.
    golden = GOLDEN / f"{form.name}-v{form.version}.json"
    assert list(messages(form, "KCl?", [BEST, SECOND], SCHEMA)) == json.loads(golden.read_text(encoding="utf-8"))


@each_form
def test_the_best_demonstration_stands_next_to_the_text(form: Form) -> None:
    shown = messages(form, "KCl?", [BEST, SECOND], SCHEMA)
    assert [turn["content"] for turn in shown if turn["role"] == "user"] == [SECOND.text, BEST.text, "KCl?"]
    assert [turn["role"] for turn in shown[:3]] == ["system", "user", "assistant"]


@each_form
def test_what_comes_before_the_demonstrations_is_the_same_for_every_text(form: Form) -> None:
    assert messages(form, "a", [BEST], SCHEMA)[0] == messages(form, "b", [SECOND, BEST], SCHEMA)[0]


@each_form
def test_demonstrated_answers_are_of_the_form_that_is_asked_for(form: Form) -> None:
    answer = messages(form, "x", [SECOND], SCHEMA)[2]["content"]
    pairs = {(mention.label, mention.text) for mention in form.read(answer, SECOND.text, SCHEMA)}
    assert pairs == {("Chemical", "β-drug"), ("Disease", "gout"), ("Disease", "drug")}


@each_form
def test_instructions_stand_alone_without_guidelines_or_definitions(form: Form) -> None:
    rendered = form.instructions(LabelSchema.of(["A", "B"]))
    assert "Labels:\n- A\n- B\nAnswer" in rendered
    assert "\n\n" not in rendered


@each_form
def test_the_request_is_bound_where_the_form_can_be(form: Form) -> None:
    shown = messages(form, "x", [], SCHEMA)
    assert request(form, shown, SCHEMA).json_schema == form.json_schema(SCHEMA, shown[-1]["content"])
    assert request(form, shown, SCHEMA).messages == shown


@each_form
def test_a_form_is_found_by_its_name(form: Form) -> None:
    assert isinstance(load("forms", form.name)(), type(form))


def test_examples_survive_labels_toml(tmp_path: Path) -> None:
    path = tmp_path / "labels.toml"
    path.write_text(SCHEMA.to_toml(), encoding="utf-8")
    label = LabelSchema.read(path).labels[0]
    assert (label.examples, label.not_examples) == (SCHEMA.labels[0].examples, SCHEMA.labels[0].not_examples)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('examples = [" "]', "blank"),
        ('not_examples = ["a\\nb"]', "longer than a line"),
        ('examples = ["HCl"]\nnot_examples = ["HCl"]', "'HCl' both as an example and as none"),
        ('examples = "HCl"', "examples"),
    ],
)
def test_examples_that_cannot_be_are_refused(tmp_path: Path, line: str, problem: str) -> None:
    path = tmp_path / "labels.toml"
    path.write_text(f'[[labels]]\nname = "A"\n{line}\n', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        LabelSchema.read(path)
    assert problem in str(caught.value)
    assert str(path) in str(caught.value)
