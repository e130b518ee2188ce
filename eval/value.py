"""Value scores: for gold that says which strings a document holds, not where (as in NERRE)."""

from collections.abc import Collection, Mapping, Sequence

from allabel.reply import Reply, Status
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
    return count_items(items_of(gold), items_of(predicted))


def values_of(text: str, reply: Reply) -> dict[str, set[str]]:
    """Return what a reply says as values: grounded mentions as the text has them, the others as they were written.

    A reply that is not `ok` says nothing.
    """
    found: dict[str, set[str]] = {}
    for p in reply.proposals if reply.status is Status.OK else ():
        found.setdefault(p.label, set()).add(p.mention if p.span is None else text[p.span.start : p.span.end])
    return found


def items_of(values: Values) -> set[Item]:
    """Return label and string of each value, its white space as one space; empty strings are left out."""
    spaced = ((label, " ".join(string.split())) for label, strings in values.items() for string in strings)
    return {(label, string) for label, string in spaced if string}
