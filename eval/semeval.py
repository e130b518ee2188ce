"""Partial, type and exact scores in the sense of SemEval-2013 task 9.1: how near the misses are.

They stand beside the strict score, never instead of it. Each gold span is matched with at most one predicted span and
the other way round, so no prediction is rewarded twice. A matched pair overlaps by at least one code point, and

    scheme    COR                   INC                   PAR
    partial   same boundaries       -                     other boundaries          (labels are not looked at)
    type      same label            other label           -                         (boundaries are not looked at)
    exact     same boundaries       other boundaries      -                         (labels are not looked at)

A gold span without a partner is missed (MIS), a predicted span without one is spurious (SPU), in every scheme.

    possible = COR + INC + PAR + MIS      actual = COR + INC + PAR + SPU
    precision = credit / actual           recall = credit / possible           credit = COR, or COR + PAR/2 in `partial`

Of all one-to-one matchings a document admits, the one taken has the most identical pairs; of these, the most with the
same boundaries; then the most with the same label; then the most pairs. The numbers follow from that rule alone, not
from the order of the spans, and swapping gold with prediction swaps precision with recall.

Source: Segura-Bedmar, Martínez and Herrero-Zazo, SemEval-2013 task 9; Chinchor and Sundheim 1993 (MUC-5).
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from allabel.document import Span
from eval.counts import paired


@dataclass(frozen=True, slots=True)
class Tally:
    """One scheme's counts: correct, incorrect, partial, missed and spurious; ratios are 0 where undefined."""

    correct: int = 0
    incorrect: int = 0
    partial: int = 0
    missed: int = 0
    spurious: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.correct + other.correct,
            self.incorrect + other.incorrect,
            self.partial + other.partial,
            self.missed + other.missed,
            self.spurious + other.spurious,
        )

    @property
    def possible(self) -> int:
        """How many spans gold holds."""
        return self.correct + self.incorrect + self.partial + self.missed

    @property
    def actual(self) -> int:
        """How many spans were predicted."""
        return self.correct + self.incorrect + self.partial + self.spurious

    @property
    def credit(self) -> float:
        """The correct ones, and half of the partial ones."""
        return self.correct + self.partial / 2

    @property
    def precision(self) -> float:
        """Credit for each predicted span; 0 where nothing was predicted."""
        return self.credit / self.actual if self.actual else 0.0

    @property
    def recall(self) -> float:
        """Credit for each gold span; 0 where there is no gold."""
        return self.credit / self.possible if self.possible else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; 0 where both sides are empty."""
        both = self.actual + self.possible
        return 2 * self.credit / both if both else 0.0


@dataclass(frozen=True, slots=True)
class SemEval:
    """The three schemes' counts over the same matching."""

    partial: Tally = Tally()
    type: Tally = Tally()
    exact: Tally = Tally()

    def __add__(self, other: "SemEval") -> "SemEval":
        return SemEval(self.partial + other.partial, self.type + other.type, self.exact + other.exact)


def semeval(gold: Sequence[Collection[Span]], predicted: Sequence[Collection[Span]]) -> SemEval:
    """Score spans by the three lenient schemes; a span that is given twice counts once.

    gold, predicted: one collection of spans a document, in the same order. Raises InputError where they differ in
    length.
    """
    return sum((_document(set(g), set(p)) for g, p in paired(gold, predicted)), SemEval())


def match(gold: set[Span], predicted: set[Span]) -> list[tuple[Span, Span]]:
    """Pair overlapping spans one to one, as the module's rule says; sorted by the gold span."""
    pairs = [(span, span) for span in gold & predicted]
    for golds, guesses in _clusters(gold - predicted, predicted - gold):
        pairs += _best_pairs(golds, guesses)
    return sorted(pairs)


def _document(gold: set[Span], predicted: set[Span]) -> SemEval:
    pairs = match(gold, predicted)
    n = len(pairs)
    same_bounds = sum((g.start, g.end) == (p.start, p.end) for g, p in pairs)
    same_label = sum(g.label == p.label for g, p in pairs)
    missed, spurious = len(gold) - n, len(predicted) - n
    return SemEval(
        partial=Tally(same_bounds, 0, n - same_bounds, missed, spurious),
        type=Tally(same_label, n - same_label, 0, missed, spurious),
        exact=Tally(same_bounds, n - same_bounds, 0, missed, spurious),
    )


def _clusters(gold: set[Span], predicted: set[Span]) -> Iterator[tuple[list[Span], list[Span]]]:
    """Split a document where no span crosses: matching within clusters is matching the whole, and small."""
    both: tuple[list[Span], list[Span]] = ([], [])
    reach = 0
    for span, side in sorted([(s, 0) for s in gold] + [(s, 1) for s in predicted]):
        if span.start >= reach:
            if all(both):
                yield both
            both = ([], [])
        both[side].append(span)
        reach = max(reach, span.end)
    if all(both):
        yield both


def _best_pairs(gold: list[Span], predicted: list[Span]) -> Iterator[tuple[Span, Span]]:
    from scipy.optimize import linear_sum_assignment

    g, p = (np.array([(s.start, s.end) for s in spans]) for spans in (gold, predicted))
    codes = {label: i for i, label in enumerate({s.label for s in gold + predicted})}
    g_label, p_label = (np.array([codes[s.label] for s in spans]) for spans in (gold, predicted))
    overlap = (g[:, None, 0] < p[:, 1]) & (p[:, 0] < g[:, None, 1])
    same_bounds = (g[:, None] == p).all(axis=2)
    same_label = g_label[:, None] == p_label
    # One pair of a better kind outweighs as many of a lesser kind as fit into the matching.
    step = float(min(overlap.shape) + 1)
    worth = overlap * (1.0 + step * same_label + step**2 * same_bounds)
    for row, column in zip(*linear_sum_assignment(worth, maximize=True), strict=True):
        if overlap[row, column]:
            yield gold[row], predicted[column]
