"""What goes between a person's page and the desk: a text to annotate, the work in hand, the answer."""

from dataclasses import dataclass
from datetime import datetime

from allabel.document import DocId, Document, Span
from allabel.people.marks import Mark
from allabel.reply import TaggedDocument
from allabel.store.records import Pick


@dataclass(frozen=True, slots=True)
class Draft:
    """The state of work in hand. entities: as they stand. rejected: suggestions refused so far.

    n: counts a person's changes to this text; the newer draft wins. based_on: the version that was opened.
    """

    entities: tuple[Span, ...]
    rejected: tuple[Span, ...]
    n: int
    based_on: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person says of a text. based_on: the version they saw. save_id: the same for a save that is repeated.

    seconds: the time spent on it; None where nobody measured, and what is not above 0 counts so.
    """

    doc_id: DocId
    entities: tuple[Span, ...]
    based_on: int
    save_id: str
    seconds: float | None = None
    source: str = "app"


@dataclass(frozen=True, slots=True)
class Task:
    """A text as one person may see it.

    version: number of the latest answer they may see, 0 where there is none; entities: that answer's. Of a text for
    two people each sees their own answers, and what came by review or from a file. answered: whether there is one.
    pick: how it was chosen; None for a text that was not. suggestion: None where there is none, or where `blind`;
    suggested: its number in either case. flags: those nobody has dealt with.
    """

    document: Document
    version: int
    entities: tuple[Span, ...]
    answered: bool
    draft: Draft | None
    pick: Pick | None
    suggestion: TaggedDocument | None
    suggested: int | None
    blind: bool
    double: bool
    flags: tuple[Mark, ...]
