"""What the client takes and gives: texts, tagged texts, annotated texts, jobs, labels."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from allabel.client.errors import NotTaggedError
from allabel.document import DocId, Span
from allabel.errors import SpanError
from allabel.reply import Grounding, Proposal, Reply, Shown, Status, TaggedDocument
from allabel.showing import Card, cards_html

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Text:
    """A text to tag. id, meta: the caller's own, which come back with it; meta is plain JSON."""

    text: str
    id: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entity:
    """A mention in its text: code points from `start` to before `end`, so that `text[start:end]` is it.

    mention: what the model wrote, which differs from `text` where that was found only nearly. score: the probability
    that it is right; None where nobody can tell. demonstrations: ids of the annotated texts that were shown.
    """

    start: int
    end: int
    label: str
    text: str
    mention: str
    score: float | None
    grounding: Grounding
    demonstrations: tuple[str, ...] = ()

    @property
    def span(self) -> Span:
        """Where it stands, with its label."""
        return Span(self.start, self.end, self.label)


@dataclass(frozen=True, slots=True)
class Ungrounded:
    """A mention that the model named and that is not in the text, or only across another entity."""

    label: str
    mention: str
    score: float | None
    grounding: Grounding


@dataclass(frozen=True, slots=True)
class AnnotatedText:
    """A text with all of its entities, as a person confirmed them. id: None for the server to make one of the text."""

    text: str
    entities: tuple[Span, ...]
    id: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for span in self.entities:
            if span.end > len(self.text):
                raise SpanError(
                    f"span [{span.start}, {span.end}) {span.label!r} lies outside its text, "
                    f"which has {len(self.text)} code points",
                    remedy="count code points, not bytes or UTF-16 units; end is exclusive",
                )


@dataclass(frozen=True, slots=True)
class Tagged:
    """A text with what was found in it, where the status is `ok`; with any other status nothing is known of it.

    place: of the text among those that were handed in, from 0. id: the caller's own, or one made of the text; "" for a
    text without one that was not tagged. error: why it was not. perplexity: of the model's answer; None if unknown.
    """

    place: int
    id: str
    text: str
    status: Status
    found: tuple[Entity, ...] | None = None
    ungrounded: tuple[Ungrounded, ...] = ()
    error: str = ""
    backend: str = ""
    model: str = ""
    perplexity: float | None = None
    demonstrations: tuple[str, ...] = ()
    n_prompt_tokens: int = 0
    n_output_tokens: int = 0
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether the text was tagged."""
        return self.status is Status.OK

    @property
    def entities(self) -> tuple[Entity, ...]:
        """What was found, `()` where nothing is in the text. Raises NotTaggedError where the text was not tagged."""
        if self.found is None:
            raise NotTaggedError(
                f"text {self.place} ({self.id or 'without an id'}) was not tagged, it is {self.status.value}: "
                f"{self.error or 'nobody said why'}; ask for `.ok` first"
            )
        return self.found

    def annotated(self, entities: Iterable[Span | Entity] | None = None) -> AnnotatedText:
        """Return the text as a person confirmed it: with these entities, or with those found where none are given."""
        given = self.entities if entities is None else entities
        spans = sorted({one.span if isinstance(one, Entity) else one for one in given})
        return AnnotatedText(self.text, tuple(spans), self.id or None, self.meta)

    def dataframe(self) -> "pd.DataFrame":
        """Return one row an entity, as `to_dataframe` does. Raises NotTaggedError where the text was not tagged."""
        from allabel.client.frames import to_dataframe

        _ = self.entities
        return to_dataframe([self])

    def card(self) -> Card:
        """Return how a notebook shows it, as a project's own `TaggedDocument` is shown."""
        placed = [Proposal(e.label, e.mention, e.span, e.grounding, e.score) for e in self.found or ()]
        lost = [Proposal(u.label, u.mention, None, u.grounding, u.score) for u in self.ungrounded]
        shown = tuple(Shown(DocId(id)) for id in self.demonstrations)
        reply = Reply(self.status, (*placed, *lost), shown=shown, error=self.error)
        return TaggedDocument(DocId(self.id), self.text, reply, self.backend, self.model).card()

    def _repr_html_(self) -> str:
        return cards_html([self.card()])


class JobState(StrEnum):
    """How far a job is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stood when it was asked for. error: why it has to wait, "" where it does not. n_failed: not `ok`."""

    id: str
    state: JobState
    n_texts: int
    n_done: int
    n_failed: int
    error: str
    at: datetime
    ended: datetime | None

    @property
    def over(self) -> bool:
        """Whether nothing more will be done."""
        return self.state in {JobState.DONE, JobState.CANCELLED}


@dataclass(frozen=True, slots=True)
class Label:
    """One entity type."""

    name: str
    definition: str
    examples: tuple[str, ...]
    not_examples: tuple[str, ...]
    colour: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may hold: texts, characters a text, texts of a job, bytes."""

    max_texts: int
    max_characters: int
    max_job_texts: int
    max_body_bytes: int


@dataclass(frozen=True, slots=True)
class Labels:
    """The label schema, the backends that may be named, and the limits. overlap: whether entities may overlap."""

    labels: tuple[Label, ...]
    guidelines: str
    overlap: bool
    backends: tuple[str, ...]
    limits: Limits

    @property
    def names(self) -> tuple[str, ...]:
        """The labels' names, in the schema's order."""
        return tuple(label.name for label in self.labels)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What was kept. n_demonstrations: annotated texts that can be shown from now on."""

    ids: tuple[str, ...]
    n_demonstrations: int


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether texts can be tagged; true where nothing is waited for."""

    waits_for: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether texts can be tagged."""
        return not self.waits_for

    def __bool__(self) -> bool:
        return self.ok
