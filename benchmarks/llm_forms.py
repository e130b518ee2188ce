"""What the benchmark of the LLM path tries in place of the defaults: other labels, prompts, forms and orders."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from allabel.annotate.base import Demonstration
from allabel.annotate.llm.annotator import Choosing
from allabel.annotate.llm.choose_demonstrations import DemonstrationChooser, IndexFactory
from allabel.annotate.llm.forms.grouped_form import GroupedForm
from allabel.annotate.llm.forms.json_form import JsonForm
from allabel.schema import Label, LabelSchema

PLAIN = LabelSchema.of(["Chemical", "Disease"])
DEFINED = LabelSchema(
    labels=(
        Label(
            name="Chemical",
            definition="a drug or another chemical substance",
            examples=("cocaine", "alpha-methyldopa"),
            not_examples=("protein",),
        ),
        Label(
            name="Disease",
            definition="a disease, a symptom or a side effect",
            examples=("hypertension", "seizures"),
            not_examples=("death",),
        ),
    )
)


# What a group writes for its annotators. Servers cache whole blocks: 16 tokens on a GPU, 128 on vLLM's CPU.
GUIDED = DEFINED.model_copy(
    update={
        "guidelines": "Mark the shortest string that names the substance or the disease, without articles, doses, "
        "salts written apart, or words such as treatment, therapy, level, patient or risk. Mark abbreviations and "
        "the full names beside them each by itself. Mark a substance also where it is part of a compound adjective, "
        "as in cocaine-induced, and then the substance alone. Classes of drugs count as chemicals (opioids, "
        "corticosteroids), targets and assays do not. Proteins, peptides that the body makes and genes are left out, "
        "unless they are given as a drug. Symptoms and side effects count as diseases (nausea, pain, hypotension); "
        "causes of death, injuries by surgery and normal states (pregnancy, ageing) do not. Coordinated names with a "
        "shared head are one mention when they cannot be told apart in the text (renal and hepatic failure). Leave out "
        "what you are not sure of, and write a note instead.",
    }
)


class PlainJson(JsonForm):
    """The `json` form without the number of the occurrence."""

    name = "json-plain"

    def instructions(self, schema: LabelSchema) -> str:
        return super().instructions(schema).replace(',"occurrence":1', "").split(" The occurrence of a name")[0]

    def answer(self, shown: Demonstration, labels: Sequence[str] = ()) -> str:
        listed = [
            {"text": shown.text[span.start : span.end], "label": span.label} for span in sorted(set(shown.entities))
        ]
        return json.dumps({"entities": listed}, ensure_ascii=False, separators=(",", ":"))

    def json_schema(self, schema: LabelSchema, text: str = "") -> dict[str, Any]:
        found = super().json_schema(schema, text)
        entity = found["properties"]["entities"]["items"]
        del entity["properties"]["occurrence"]
        entity["required"] = ["text", "label"]
        return found


class Terse(GroupedForm):
    """The `grouped` form with one line of instructions."""

    name = "grouped-terse"

    def instructions(self, schema: LabelSchema) -> str:
        return f"Extract the entities ({', '.join(schema.names)}) as JSON."


class _Reordered(DemonstrationChooser):
    def choose(self, texts: Sequence[str]) -> list[list[Demonstration]]:
        return [found[::-1] for found in super().choose(texts)]


class _Shuffled(DemonstrationChooser):
    def choose(self, texts: Sequence[str]) -> list[list[Demonstration]]:
        rng = np.random.default_rng(0)
        return [[found[i] for i in rng.permutation(len(found))] for found in super().choose(texts)]


@dataclass(frozen=True, slots=True)
class NearestFirst(Choosing):
    """The most similar demonstration first in the conversation, the least similar beside the text."""

    def chooser(self, demonstrations: Sequence[Demonstration], retriever: IndexFactory) -> DemonstrationChooser:
        return _Reordered(demonstrations, retriever, self.shots, exclude_near_duplicates=self.exclude_near_duplicates)


@dataclass(frozen=True, slots=True)
class Shuffled(Choosing):
    """The demonstrations in random order."""

    def chooser(self, demonstrations: Sequence[Demonstration], retriever: IndexFactory) -> DemonstrationChooser:
        return _Shuffled(demonstrations, retriever, self.shots, exclude_near_duplicates=self.exclude_near_duplicates)
