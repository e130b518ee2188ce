"""What an annotator says of a text: proposals, their grounding, and how the reply ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from allabel.document import DocId, Span


class Grounding(StrEnum):
    """How a mention was found in its text. A `missing` mention is data: counted, shown, never forced onto a span.

    An `overlapping` one is in the text, but only across another mention where the schema lets none overlap.
    """

    EXACT = "exact"
    NORMALISED = "normalised"
    AMBIGUOUS = "ambiguous"
    MISSING = "missing"
    OVERLAPPING = "overlapping"


class Status(StrEnum):
    """How a reply ended. Only `ok` says anything about entities."""

    OK = "ok"
    TRUNCATED = "truncated"
    UNPARSEABLE = "unparseable"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Proposal:
    """One mention that an annotator proposes.

    span: where it stands, or None where grounding is `missing` or `overlapping`.
    score: probability in [0, 1] that the entity is right, as the annotator sees it; None where it cannot tell.
    """

    label: str
    mention: str
    span: Span | None
    grounding: Grounding
    score: float | None = None


class Shown(NamedTuple):
    """A demonstration as an annotator was shown it: its id and the `digest` of it then, "" where nobody kept it."""

    id: DocId
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What an annotator said of one text.

    perplexity: exp(-mean log-probability) of the output (tokens of an LLM, labels of a CRF); >= 1; None if unknown.
    shown: the demonstrations it was shown, best first.
    error: why status is not `ok`, in words.
    raw: the reply as it came, for the journal. form: the form a language model was asked to write it in.
    """

    status: Status
    proposals: tuple[Proposal, ...] = ()
    perplexity: float | None = None
    shown: tuple[Shown, ...] = ()
    error: str = ""
    raw: str = field(default="", repr=False)
    n_prompt_tokens: int = 0
    n_output_tokens: int = 0
    form: str = ""

    @property
    def demonstrations(self) -> tuple[DocId, ...]:
        """The ids of the demonstrations it was shown, best first."""
        return tuple(one.id for one in self.shown)

    @property
    def spans(self) -> tuple[Span, ...]:
        """The grounded proposals' spans, distinct and sorted."""
        return tuple(sorted({p.span for p in self.proposals if p.span is not None}))


@dataclass(frozen=True, slots=True)
class TaggedDocument:
    """A text with a backend's reply: one line of `allabel tag`'s output."""

    id: DocId
    text: str
    reply: Reply
    backend: str
    model: str
    meta: Mapping[str, Any] = field(default_factory=dict)
