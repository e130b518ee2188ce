"""What goes wrong with spans: types mistaken for one another, wrong boundaries, missed and invented entities."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from allabel.document import Span
from eval.counts import paired
from eval.semeval import match


class Kind(StrEnum):
    """What became of an entity. `boundary`: same type, overlapping bounds. `both`: other type and other bounds."""

    RIGHT = "right"
    TYPE = "type"
    BOUNDARY = "boundary"
    BOTH = "both"
    MISSED = "missed"
    INVENTED = "invented"


class Error(NamedTuple):
    """One error of one document: `gold` is None where an entity was invented, `predicted` where one was missed."""

    kind: Kind
    gold: Span | None
    predicted: Span | None


NOTHING = "nothing"
_Case = tuple[str | None, str | None, Kind]


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often each gold type was taken for which, and how; confusions of several corpora add up.

    cases: how often (gold label, predicted label, kind) occurred; None stands for nothing.
    """

    cases: Mapping[_Case, int] = field(default_factory=dict)

    def __add__(self, other: "Confusion") -> "Confusion":
        return Confusion(dict(Counter(self.cases) + Counter(other.cases)))

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that occur in gold or prediction, sorted."""
        return tuple(sorted({label for gold, predicted, _ in self.cases for label in (gold, predicted) if label}))

    def matrix(self, labels: Sequence[str]) -> NDArray[np.int64]:
        """Return gold against predicted, (n_labels + 1, n_labels + 1), in the order given; the last is nothing.

        The diagonal holds right entities and boundary errors. A row's sum is the label's gold entities, a column's
        sum its predicted ones; the corner is 0. labels: all of `labels`, in any order, or more.
        """
        place: dict[str | None, int] = {label: i for i, label in enumerate((*labels, None))}
        found = np.zeros((len(place), len(place)), dtype=np.int64)
        for (gold, predicted, _), n in self.cases.items():
            found[place[gold], place[predicted]] += n
        return found

    def n(self, kind: Kind) -> int:
        """How many of a kind there are."""
        return sum(n for (_, _, each), n in self.cases.items() if each is kind)

    @property
    def mistaken(self) -> list[tuple[str, str, int]]:
        """Which gold label was taken for which other, and how often, whatever the bounds; most often first."""
        found: Counter[tuple[str, str]] = Counter()
        for (gold, predicted, _), n in self.cases.items():
            if gold is not None and predicted is not None and gold != predicted:
                found[gold, predicted] += n
        return sorted(((*pair, n) for pair, n in found.items()), key=lambda row: (-row[2], row))


def confusion(gold: Sequence[Collection[Span]], predicted: Sequence[Collection[Span]]) -> Confusion:
    """Count what became of every entity; a span that is given twice counts once.

    Spans are matched one to one as in `eval.semeval`: identical ones first, then by bounds, then by type, then any
    overlap. gold, predicted: one collection of spans a document, in the same order. Raises InputError where they
    differ in length.
    """
    found: Counter[_Case] = Counter()
    for both in paired(gold, predicted):
        found.update((_label(g), _label(p), kind) for kind, g, p in _cases(*both))
    return Confusion(dict(found))


def errors(gold: Collection[Span], predicted: Collection[Span]) -> list[Error]:
    """Return one document's errors, from left to right."""
    found = [case for case in _cases(gold, predicted) if case.kind is not Kind.RIGHT]
    return sorted(found, key=lambda error: min(span for span in error[1:] if span))


def _cases(gold: Collection[Span], predicted: Collection[Span]) -> Iterator[Error]:
    missed, invented = set(gold), set(predicted)
    for g, p in match(set(gold), set(predicted)):
        missed.discard(g)
        invented.discard(p)
        yield Error(_kind(g, p), g, p)
    yield from (Error(Kind.MISSED, span, None) for span in missed)
    yield from (Error(Kind.INVENTED, None, span) for span in invented)


def _label(span: Span | None) -> str | None:
    return None if span is None else span.label


def _kind(gold: Span, predicted: Span) -> Kind:
    if (gold.start, gold.end) == (predicted.start, predicted.end):
        return Kind.RIGHT if gold.label == predicted.label else Kind.TYPE
    return Kind.BOUNDARY if gold.label == predicted.label else Kind.BOTH
