"""What waits for a reviewer: texts that two or more people answered and nobody has decided."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from allabel.document import Annotation, DocId, Span
from allabel.review.answers import REVIEW, twice_answered


@dataclass(frozen=True, slots=True)
class Marked:
    """A span and the people who marked it; agreed: everybody did."""

    span: Span
    people: tuple[str, ...]
    agreed: bool


@dataclass(frozen=True, slots=True)
class Undecided:
    """A text with the latest answers of two or more people, in order of their first ones."""

    doc_id: DocId
    answers: tuple[Annotation, ...]

    @property
    def people(self) -> tuple[str, ...]:
        """Who answered."""
        return tuple(answer.author for answer in self.answers)

    @property
    def merged(self) -> tuple[Marked, ...]:
        """All their spans in one view, sorted by place: see `merged`."""
        return merged(self.answers)


@dataclass(frozen=True, slots=True)
class Open:
    """Texts that wait for a decision. disputed: the answers differ. agreed: all are the same, one key confirms."""

    disputed: tuple[Undecided, ...]
    agreed: tuple[Undecided, ...]


def undecided(history: Iterable[Annotation]) -> Open:
    """Return the texts that two or more people answered and no review came after, in order of their first answer.

    history: every answer, oldest first. An answer that comes after a review opens the text again.
    """
    kept = list(history)
    place: dict[int, int] = {id(answer): i for i, answer in enumerate(kept)}
    reviewed = {answer.doc_id: i for i, answer in enumerate(kept) if answer.source == REVIEW}
    disputed: list[Undecided] = []
    agreed: list[Undecided] = []
    for doc_id, by_person in twice_answered(kept).items():
        newest = max(place[id(answer)] for answer in by_person.values())
        if newest < reviewed.get(doc_id, -1):
            continue
        text = Undecided(doc_id, tuple(by_person.values()))
        same = len({frozenset(answer.entities) for answer in text.answers}) == 1
        (agreed if same else disputed).append(text)
    return Open(tuple(disputed), tuple(agreed))


def merged(answers: Sequence[Annotation]) -> tuple[Marked, ...]:
    """Return every span of one text's answers with the people who marked it, sorted by place.

    answers: one a person.
    """
    people: dict[Span, list[str]] = {}
    for answer in answers:
        for span in {*answer.entities}:
            people.setdefault(span, []).append(answer.author)
    return tuple(Marked(span, tuple(who), len(who) == len(answers)) for span, who in sorted(people.items()))
