"""Value scores: for gold that says which strings a document holds, not where (as in NERRE)."""

from collections.abc import Collection, Mapping, Sequence

from eval.counts import Counts, Item, Scores, add_up, count_items, paired

Values = Mapping[str, Collection[str]]


def value(gold: Sequence[Values], predicted: Sequence[Values]) -> Scores:
    """Score sets of (label, string) per document.

    gold, predicted: one mapping of label to strings a document, in the same order.
    Runs of white space count as one space and are cut at the ends; case is kept; empty strings are ignored; a string
    given twice under one label of one document counts once. Raises InputError where the two differ in length.
    """
    return add_up(by_label(*both) for both in paired(gold, predicted))


def value_by_document(gold: Sequence[Values], predicted: Sequence[Values]) -> list[Counts]:
    """Return each document's counts over all labels: what the paired bootstrap resamples."""
    return [sum(by_label(*both).values(), Counts()) for both in paired(gold, predicted)]


def by_label(gold: Values, predicted: Values) -> dict[str, Counts]:
    """Count one document's values by label."""
    return count_items(_items(gold), _items(predicted))


def _items(values: Values) -> set[Item]:
    spaced = ((label, " ".join(string.split())) for label, strings in values.items() for string in strings)
    return {(label, string) for label, string in spaced if string}
