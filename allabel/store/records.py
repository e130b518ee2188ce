"""What the store keeps beside documents, annotations and replies."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from allabel.document import DocId
from allabel.errors import StoreError


@dataclass(frozen=True, slots=True)
class Selection:
    """One run of `allabel select`: what was asked for, and when. `id` is None until the store gives one."""

    id: int | None
    strategy: str
    budget: str
    n_texts: int
    seed: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Pick:
    """One document that a selection chose: by which stage, as which (rank 1 is annotated first), and why."""

    doc_id: DocId
    stage: str
    rank: int
    score: float
    reason: str
    selection_id: int

    def __post_init__(self) -> None:
        if math.isnan(self.score):
            raise StoreError(
                f"the pick {self.doc_id!r} of stage {self.stage!r} has the score NaN, which cannot be ranked",
                remedy="mend the stage that picked it: every score is a number",
            )


@dataclass(frozen=True, slots=True)
class Counts:
    """How many distinct documents the store holds, and in what state.

    queued: picked by a selection and not annotated yet.
    """

    documents: int
    gold: int
    annotated: int
    queued: int
    tagged: int


@dataclass(frozen=True, slots=True)
class Call:
    """What one text took of a language model, for the journal: counts and a hash, never a word of the text.

    doc_id: None for a text that is not the project's. prompt_hash: SHA-256 of the rendered messages, in hexadecimal.
    n_attempts: requests sent. latency_s: from the first of them to the answer.
    """

    at: datetime
    doc_id: DocId | None
    prompt_hash: str
    model: str
    backend: str
    status: str
    n_attempts: int
    n_prompt_tokens: int
    n_output_tokens: int
    latency_s: float


@dataclass(frozen=True, slots=True)
class ModelCalls:
    """What a model was called for in all."""

    model: str
    n_calls: int
    n_prompt_tokens: int
    n_output_tokens: int


@dataclass(frozen=True, slots=True)
class CallsSummary:
    """The journal in figures. n_requests: retries included. by_status: how many calls ended so.

    latency_p50_s, latency_p95_s: of calls that were sent; the least latency that so many percent of them do not
    exceed. None where there are none.
    """

    n_requests: int
    by_status: Mapping[str, int]
    models: tuple[ModelCalls, ...]
    latency_p50_s: float | None
    latency_p95_s: float | None

    @property
    def n_calls(self) -> int:
        """How many texts a model was asked about."""
        return sum(model.n_calls for model in self.models)

    @property
    def n_prompt_tokens(self) -> int:
        """Tokens of all prompts."""
        return sum(model.n_prompt_tokens for model in self.models)

    @property
    def n_output_tokens(self) -> int:
        """Tokens of all outputs."""
        return sum(model.n_output_tokens for model in self.models)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the queue is. n_queued: picked and without an answer. n_answered: picked and with one.

    n_mine: texts that the author asked about answered since the moment asked about, picked or not.
    """

    n_mine: int
    n_queued: int
    n_answered: int
