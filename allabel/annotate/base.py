"""The annotator's seam: texts and demonstrations in, one reply a text out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from allabel.document import DocId, Span
from allabel.reply import Reply


@dataclass(frozen=True, slots=True)
class Demonstration:
    """An annotated text that an annotator may learn from."""

    id: DocId
    text: str
    entities: tuple[Span, ...]


class Annotator(Protocol):
    """Tags texts from demonstrations.

    `demonstrations` is the whole ground-truth corpus; which of them serve which text is the annotator's own
    retrieval. A text that is itself among them, character for character, is never its own demonstration.
    """

    @property
    def name(self) -> str:
        """What the backend calls itself in tagged output."""
        ...

    @property
    def model(self) -> str:
        """The model behind it, as the output's `model` field names it."""
        ...

    def annotate(self, texts: Sequence[str], demonstrations: Sequence[Demonstration]) -> list[Reply]:
        """Return one reply a text, in order, also when some of them fail."""
        ...


class UncertaintyScorer(Protocol):
    """Turns replies into scores, higher = less certain."""

    def __call__(self, replies: Sequence[Reply]) -> list[float]:
        """Return one score a reply."""
        ...
