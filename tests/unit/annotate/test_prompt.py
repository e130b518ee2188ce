import json
from pathlib import Path

from allabel.annotate.base import Demonstration
from allabel.annotate.parse import parse
from allabel.annotate.prompt import PROMPT_VERSION, instructions, messages
from allabel.document import DocId, Span
from allabel.schema import Label, LabelSchema

GOLDEN = Path(__file__).parents[2] / "golden" / "prompts" / f"entities-v{PROMPT_VERSION}.json"

SCHEMA = LabelSchema(
    labels=(Label(name="Chemical", definition="a substance & its salts"), Label(name="Disease")),
    guidelines="Leave out solvents.",
)
BEST = Demonstration(DocId("best"), 'NaCl in "brine"', (Span(0, 4, "Chemical"),))
SECOND = Demonstration(DocId("second"), "gout, no β-drug", (Span(6, 15, "Chemical"), Span(0, 4, "Disease")))


def test_the_conversation_is_the_golden_one() -> None:
    # A change of the prompt needs a new version, and with it a new golden file.
    assert messages("KCl?", [BEST, SECOND], SCHEMA) == json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_the_best_demonstration_stands_next_to_the_text() -> None:
    users = [turn["content"] for turn in messages("KCl?", [BEST, SECOND], SCHEMA) if turn["role"] == "user"]
    assert users == [SECOND.text, BEST.text, "KCl?"]


def test_demonstrated_answers_are_of_the_form_that_is_asked_for() -> None:
    answers = [turn["content"] for turn in messages("x", [BEST, SECOND], SCHEMA) if turn["role"] == "assistant"]
    assert [parse(answer, SCHEMA) for answer in answers] == [
        [("Disease", "gout"), ("Chemical", "no β-drug")],
        [("Chemical", "NaCl")],
    ]


def test_instructions_stand_alone_without_guidelines_or_definitions() -> None:
    rendered = instructions(LabelSchema.of(["A", "B"]))
    assert "- A\n- B\n" in rendered
    assert "\n\n" not in rendered
