"""What it takes to tag texts for their uncertainty: language-model tokens, or nothing where the tagger runs here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from allabel.annotate.base import Demonstration
from allabel.annotate.llm.annotator import Splitting
from allabel.annotate.llm.base import Form
from allabel.annotate.llm.long_texts import windows
from allabel.annotate.llm.prompt import messages
from allabel.annotate.llm.window import estimate_text
from allabel.document import DocId, Span
from allabel.schema import LabelSchema
from retrieval.tokenize import words

ON_BOARD = "the annotator on board tags here: seconds, no LLM tokens"
CHARACTERS_A_TOKEN = 4
# The backends that run here, and ask no language model.
RUN_HERE = ("embedded", "tuned")
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
        if self.backend in RUN_HERE:
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
    form: Form,
    splitting: Splitting | None = None,
    *,
    stand_ins: bool = True,
) -> Tagging:
    """Estimate what tagging `n_texts` such as `texts` takes, from real prompts for a few of them.

    demonstrations: the annotated texts. stand_ins: where there are fewer of them than `shots`, texts of the pool with
    made-up entities are shown, as they will be annotated by then; else only those that there are. density: entities a
    token, for stand-ins and for the replies. splitting: of long texts; a model's window that splits them further is not
    known here.
    """
    if backend in RUN_HERE:
        return Tagging(n_texts, backend, 0, 0)
    if backend not in PROMPTED or not texts:
        return Tagging(n_texts, backend, None, None)
    asked = [_stand_in(text, schema.names[0], density) for text in _spread(texts)]
    n_shown = shots if stand_ins else min(shots, len(demonstrations))
    shown = _spread(demonstrations if len(demonstrations) >= n_shown else asked) if n_shown else []
    size, overlap = (splitting or Splitting()).sizes(None, form, schema)
    n_prompt = n_reply = 0
    for i, one in enumerate(asked):
        near = [shown[(i + k) % len(shown)] for k in range(n_shown)]
        for window in windows(one.text, size, overlap=overlap, measure=estimate_text):
            part = _stand_in(window.of(one.text), schema.names[0], density)
            n_prompt += sum(len(message["content"]) for message in messages(form, part.text, near, schema))
            n_reply += len(form.answer(part, schema.names))
    tokens = [round(n_texts * n / len(asked) / CHARACTERS_A_TOKEN) for n in (n_prompt, n_reply)]
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
