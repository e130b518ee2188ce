"""What it takes to tag texts for their uncertainty: language-model tokens, or nothing where the tagger runs here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from allabel.annotate.base import Demonstration
from allabel.annotate.llm.base import Form
from allabel.annotate.llm.forms.json_form import JsonForm
from allabel.annotate.llm.prompt import messages
from allabel.document import DocId, Span
from allabel.schema import LabelSchema
from retrieval.tokenize import words

ON_BOARD = "the annotator on board measures uncertainty here: seconds, no LLM tokens"
CHARACTERS_A_TOKEN = 4
# The backends that are known to send the prompts of `allabel.annotate.llm`.
PROMPTED = ("chat", "vllm")
_SAMPLE = 20
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Tagging:
    """How many texts a backend tags, and its prompt and output tokens: an estimate, None where nobody knows."""

    n_texts: int
    backend: str
    n_prompt_tokens: int | None
    n_output_tokens: int | None
    purpose: str = " to measure uncertainty"

    def __str__(self) -> str:
        """Say it in one line."""
        what = f"{self.n_texts:,} texts are tagged with the {self.backend} backend{self.purpose}"
        if self.backend == "embedded":
            return f"{what}; LLM tokens: none, it runs here"
        if self.n_prompt_tokens is None or self.n_output_tokens is None:
            return f"{what}; LLM tokens: not known for this backend"
        return (
            f"{what}; LLM tokens: about {self.n_prompt_tokens:,} in prompts and {self.n_output_tokens:,} in replies "
            f"(an estimate: {CHARACTERS_A_TOKEN} characters a token)"
        )


def estimate_tagging(
    n_texts: int,
    texts: Sequence[str],
    backend: str,
    schema: LabelSchema,
    demonstrations: Sequence[Demonstration],
    shots: int,
    density: float,
    form: Form | None = None,
) -> Tagging:
    """Estimate what tagging `n_texts` such as `texts` takes, from real prompts for a few of them.

    demonstrations: the annotated texts; where there are fewer than `shots`, texts of the pool with made-up entities
    stand in, as they will be annotated by then. density: entities a token, for them and for the replies. form: `json`
    by default.
    """
    form = form or JsonForm()
    if backend == "embedded":
        return Tagging(n_texts, backend, 0, 0)
    if backend not in PROMPTED or not texts:
        return Tagging(n_texts, backend, None, None)
    asked = [_stand_in(text, schema.names[0], density) for text in _spread(texts)]
    shown = _spread(demonstrations) if len(demonstrations) >= max(1, shots) else asked
    prompts, replies = [], []
    for i, one in enumerate(asked):
        near = [shown[(i + k) % len(shown)] for k in range(shots)]
        prompts.append(sum(len(message["content"]) for message in messages(form, one.text, near, schema)))
        replies.append(len(form.answer(one, schema.names)))
    tokens = [round(n_texts * float(np.mean(lengths)) / CHARACTERS_A_TOKEN) for lengths in (prompts, replies)]
    return Tagging(n_texts, backend, tokens[0], tokens[1])


def _spread(items: Sequence[T]) -> list[T]:
    """Take a few items, evenly spread over all."""
    at = np.unique(np.linspace(0, len(items) - 1, _SAMPLE).round().astype(int))
    return [items[i] for i in at.tolist()]


def _stand_in(text: str, label: str, density: float) -> Demonstration:
    """Mark evenly spread words, as many as there will be entities."""
    found = words(text)
    n = min(len(found), round(density * len(text.split())))
    at = (np.arange(n) * len(found)) // max(1, n)
    return Demonstration(DocId(""), text, tuple(Span(*found[i], label) for i in at.tolist()))
