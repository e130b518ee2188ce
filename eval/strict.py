"""Strict span scores: a prediction is right when start, end and label are."""

from collections.abc import Collection, Sequence

from allabel.document import Span
from eval.counts import Counts, Scores, add_up, count_items, paired


def strict(gold: Sequence[Collection[Span]], predicted: Sequence[Collection[Span]]) -> Scores:
    """Score spans by exact start, end and label; a span that is given twice counts once.

    gold, predicted: one collection of spans a document, in the same order; empty where nothing was found.
    Equal to conlleval, and to seqeval's default mode, on the entities of the same tags. Raises InputError where the
    two differ in length.
    """
    return add_up(by_label(*both) for both in paired(gold, predicted))


def strict_by_document(gold: Sequence[Collection[Span]], predicted: Sequence[Collection[Span]]) -> list[Counts]:
    """Return each document's counts over all labels: what the paired bootstrap resamples."""
    return [sum(by_label(*both).values(), Counts()) for both in paired(gold, predicted)]


def by_label(gold: Collection[Span], predicted: Collection[Span]) -> dict[str, Counts]:
    """Count one document's spans by label."""
    return count_items({(s.label, (s.start, s.end)) for s in gold}, {(s.label, (s.start, s.end)) for s in predicted})
