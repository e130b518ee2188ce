"""Counts behind precision, recall and F1: of one label, of one document, or of a whole corpus."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TypeVar

from allabel.errors import InputError

Item = tuple[str, Hashable]
"""A label and what carries it: offsets for spans, a string for values."""

G = TypeVar("G")
P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Counts:
    """How many were right, how many were predicted, how many there were; ratios are 0 where undefined (conlleval)."""

    true_positive: int = 0
    predicted: int = 0
    gold: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.true_positive <= min(self.predicted, self.gold):
            raise InputError(
                f"{self.true_positive} true positives of {self.predicted} predicted and {self.gold} gold cannot be",
                remedy="true positives are neither negative nor more than either side holds",
            )

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.true_positive + other.true_positive, self.predicted + other.predicted, self.gold + other.gold
        )

    @property
    def precision(self) -> float:
        """The share of predictions that are right; 0 where nothing was predicted."""
        return self.true_positive / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """The share of gold that was found; 0 where there is no gold."""
        return self.true_positive / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall, 2 TP / (predicted + gold); 0 where both sides are empty."""
        both = self.predicted + self.gold
        return 2 * self.true_positive / both if both else 0.0


@dataclass(frozen=True, slots=True)
class Scores:
    """Counts for each label that occurs in gold or prediction, and their averages."""

    per_label: Mapping[str, Counts]

    @property
    def micro(self) -> Counts:
        """All labels' counts added up."""
        return sum(self.per_label.values(), Counts())

    @property
    def macro_f1(self) -> float:
        """The unweighted mean of F1 over the types that occur in gold or prediction (as seqeval); 0 without any."""
        f1 = [counts.f1 for counts in self.per_label.values()]
        return sum(f1) / len(f1) if f1 else 0.0


def count_items(gold: AbstractSet[Item], predicted: AbstractSet[Item]) -> dict[str, Counts]:
    """Count one document's items by label."""
    found: dict[str, list[int]] = {}
    for column, items in enumerate((gold & predicted, predicted, gold)):
        for label, _ in items:
            found.setdefault(label, [0, 0, 0])[column] += 1
    return {label: Counts(*numbers) for label, numbers in found.items()}


def add_up(documents: Iterable[Mapping[str, Counts]]) -> Scores:
    """Add the documents' counts label by label; labels come out sorted."""
    total: dict[str, Counts] = {}
    for document in documents:
        for label, counts in document.items():
            total[label] = total.get(label, Counts()) + counts
    return Scores({label: total[label] for label in sorted(total)})


def paired(gold: Sequence[G], predicted: Sequence[P]) -> Iterator[tuple[G, P]]:
    """Walk gold and prediction side by side. Raises InputError where one has more documents than the other."""
    if len(gold) != len(predicted):
        raise InputError(
            f"{len(gold)} gold documents but {len(predicted)} predicted ones",
            remedy="give one prediction a document, in the same order; an empty one where nothing was found",
        )
    return zip(gold, predicted, strict=True)
