"""What an annotator says of a text: proposals, their grounding, and how the reply ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from allabel.document import DocId, Span
from allabel.showing import Card, Mark, cards_html, listed
from allabel.wording import counted


class Grounding(StrEnum):
    """How a mention was found in its text. A `missing` mention is data: counted, shown, never forced onto a span.

    An `overlapping` one is in the text, but only across another mention where the schema lets none overlap.
    """

    EXACT = "exact"
    NORMALISED = "normalised"
    AMBIGUOUS = "ambiguous"
    MISSING = "missing"
    OVERLAPPING = "overlapping"

    @property
    def told(self) -> str:
        """What it says of a mention, in words; "" for one that stands there as it was written."""
        return _GROUNDINGS[self]


class Status(StrEnum):
    """How a reply ended. Only `ok` says anything about entities."""

    OK = "ok"
    TRUNCATED = "truncated"
    UNPARSEABLE = "unparseable"
    REFUSED = "refused"
    FAILED = "failed"

    @property
    def told(self) -> str:
        """How the reply ended, in words."""
        return _STATUSES[self]


_GROUNDINGS = {
    Grounding.EXACT: "",
    Grounding.NORMALISED: "in another spelling of Unicode",
    Grounding.AMBIGUOUS: "at one of several places",
    Grounding.MISSING: "not in the text",
    Grounding.OVERLAPPING: "only across another entity",
}
_STATUSES = {
    Status.OK: "tagged",
    Status.TRUNCATED: "the answer was cut off",
    Status.UNPARSEABLE: "the answer cannot be read",
    Status.REFUSED: "the model refused",
    Status.FAILED: "no answer came",
}
_MOST_PROPOSALS = 50


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

    @property
    def told(self) -> str:
        """What is known of it beside its label, in words; "" where nothing is."""
        score = "" if self.score is None else f"score {self.score:.2f}"
        return ", ".join(part for part in (score, self.grounding.told) if part)


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

    @property
    def told(self) -> str:
        """How it ended, in words; where it is not `ok`, that nothing is known of the text's entities, and why."""
        if self.status is Status.OK:
            return counted(len(self.spans), "entity", "entities") if self.spans else "tagged: no entity"
        return f"not tagged, {self.status.told}{self.error and f' ({self.error})'}: nothing is known of its entities"

    def _repr_html_(self) -> str:
        """The proposals as a list, for a reply has no text of its own."""
        ok = self.status is Status.OK
        lines = [f"{p.mention} ({p.label}){p.told and f': {p.told}'}" for p in self.proposals[:_MOST_PROPOSALS] if ok]
        if ok and len(self.proposals) > _MOST_PROPOSALS:
            lines.append(f"and {len(self.proposals) - _MOST_PROPOSALS:,} more")
        return cards_html([Card("", "", (), self.told, tuple(lines), warns=not ok)])


@dataclass(frozen=True, slots=True)
class TaggedDocument:
    """A text with a backend's reply: one line of `allabel tag`'s output."""

    id: DocId
    text: str
    reply: Reply
    backend: str
    model: str
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def placed(self) -> list[tuple[Span, Proposal]]:
        """The entities that have a place in the text, as they were proposed; [] where the reply says nothing of any."""
        ok = self.reply.status is Status.OK
        return [(p.span, p) for p in self.reply.proposals if ok and p.span is not None]

    def card(self) -> Card:
        """Return how a notebook shows it: entities marked with their scores, what is not in the text under it."""
        reply = self.reply
        proposals = reply.proposals if reply.status is Status.OK else ()
        # A mention that is named again stands on the same span: it is marked once.
        placed = dict(reversed(self.placed))
        marks = tuple(Mark(span.start, span.end, span.label, p.told) for span, p in sorted(placed.items()))
        by = " ".join(part for part in (self.backend, self.model) if part)
        lost = [(p, f"{p.mention} ({p.label})") for p in proposals if p.span is None]
        below = [
            f"{how.told}: {listed(found)}" for how in Grounding if (found := [x for p, x in lost if p.grounding is how])
        ]
        below += [f"demonstrations: {listed(reply.demonstrations)}"] if reply.shown else []
        warns = reply.status is not Status.OK
        return Card(self.id, self.text, marks, f"{reply.told}{by and f' · {by}'}", tuple(below), warns)

    def _repr_html_(self) -> str:
        return cards_html([self.card()])
