"""Documents, spans, annotations: what everything else passes around."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NewType

from allabel.errors import SpanError
from allabel.showing import Card, Mark, cards_html, listed
from allabel.wording import counted

DocId = NewType("DocId", str)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A labelled half-open stretch `[start, end)` of a text, in Unicode code points."""

    start: int
    end: int
    label: str

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise SpanError(
                f"span [{self.start}, {self.end}) is empty or negative",
                remedy="offsets count code points from 0, and end is exclusive",
            )

    def overlaps(self, other: "Span") -> bool:
        """True when the two share at least one code point."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Document:
    """A text exactly as it came in, with the gold that came with it.

    entities: gold or annotated spans, sorted; `()` says "none here", `None` says "not annotated".
    values: document-level gold, label to distinct strings without offsets (as in NERRE); `None` where absent.
    seconds: how long a person took to annotate it; `None` where nobody measured.
    """

    id: DocId
    text: str
    entities: tuple[Span, ...] | None = None
    values: Mapping[str, tuple[str, ...]] | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    seconds: float | None = None

    def __post_init__(self) -> None:
        for span in self.entities or ():
            if span.end > len(self.text):
                raise SpanError(
                    f"span [{span.start}, {span.end}) {span.label!r} lies outside the text of {self.id!r}, "
                    f"which has {len(self.text)} code points",
                    remedy="count code points, not bytes or UTF-16 units; end is exclusive",
                )

    @property
    def is_gold(self) -> bool:
        """True when the document came with an answer of either kind."""
        return self.entities is not None or self.values is not None

    def card(self) -> Card:
        """Return how a notebook shows it: the text with its entities marked, and its values under it."""
        if self.entities is not None:
            says = counted(len(self.entities), "entity", "entities") if self.entities else "annotated: no entity"
        else:
            says = "not annotated" if self.values is None else "values without places"
        marks = tuple(Mark(span.start, span.end, span.label) for span in self.entities or ())
        below = (f"{label}: {listed(strings) or 'none'}" for label, strings in (self.values or {}).items())
        return Card(self.id, self.text, marks, says, tuple(below))

    def _repr_html_(self) -> str:
        return cards_html([self.card()])


@dataclass(frozen=True, slots=True)
class Annotation:
    """One person's (or one gold file's) answer for one document at one moment; the store keeps all of them.

    seconds: the time the person spent on the text, finite and above 0; `None` where nobody measured.
    seq: the number the store gave it, `None` before it is kept; two answers that differ in it alone are equal.
    based_on: `seq` of the answer it replaced, as its author saw it; 0 where there was none, `None` where nobody asked.
    save_id: the client's id of this save, kept once; "" where there is none.
    suggested: number of the suggestion there was for the text; `None` without one.
    blind: whether that suggestion was withheld.
    """

    doc_id: DocId
    entities: tuple[Span, ...]
    author: str
    source: str
    at: datetime
    seconds: float | None = None
    seq: int | None = field(default=None, compare=False)
    based_on: int | None = None
    save_id: str = ""
    suggested: int | None = None
    blind: bool = False


def longest_spans(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The flat view of nested or overlapping spans: longest first, then leftmost, then by label; sorted by start."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.start - s.end, s.start, s.label)):
        if not any(span.overlaps(other) for other in kept):
            kept.append(span)
    return tuple(sorted(kept))


def span_values(text: str, spans: Sequence[Span]) -> dict[str, tuple[str, ...]]:
    """The distinct strings of each label, in order of appearance: spans seen as document-level values."""
    found: dict[str, dict[str, None]] = {}
    for span in sorted(spans):
        found.setdefault(span.label, {})[text[span.start : span.end]] = None
    return {label: tuple(strings) for label, strings in found.items()}
