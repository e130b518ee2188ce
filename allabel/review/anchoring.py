"""Do suggestions pull people's answers towards them? Answers with a suggestion shown against answers without.

The texts where suggestions are withheld are drawn at random, so what differs between the groups is what showing does.
Sources: Tversky & Kahneman 1974 (anchoring); Fort & Sagot 2010 (pre-annotation and its bias); Efron & Tibshirani 1993
(bootstrap).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from allabel.document import Annotation, DocId, Span
from allabel.reply import Status, TaggedDocument
from retrieval.base import FloatArray

LEVEL, RESAMPLES = 0.95, 2000
FEWEST = 10  # texts in each group
# What a person typed into the page; an import, a review or a restored answer was not made before the suggestion.
SOURCE = "app"


@dataclass(frozen=True, slots=True)
class Compared:
    """A suggestion and the answer that a person gave to the text; blind: the suggestion was withheld."""

    doc_id: DocId
    suggestion: tuple[Span, ...]
    answer: tuple[Span, ...]
    blind: bool


@dataclass(frozen=True, slots=True)
class Anchoring:
    """Strict F1 between suggestion and answer where it was shown and where it was withheld, and the difference.

    f1_shown, f1_blind: None where a group marks nothing. difference, low, high: shown less withheld, and its 95 %
    interval over texts; None below ten texts in a group. sentence: what it means.
    """

    n_shown: int
    n_blind: int
    f1_shown: float | None
    f1_blind: float | None
    difference: float | None
    low: float | None
    high: float | None
    sentence: str


def comparable(history: Iterable[Annotation], suggestions: Mapping[int, TaggedDocument]) -> tuple[list[Compared], int]:
    """Return what can be compared, and how many answers of the page were left out.

    history: every answer, oldest first. suggestions: by their number in the store.
    Only the first answer of a text counts: a later one may stand on the first, and so may the suggestion, whose model
    may have learned from it; a suggestion would be held against itself. Left out are also answers without a usable
    suggestion on record, and those that began from another answer.
    """
    answered: set[DocId] = set()
    found: list[Compared] = []
    n_left_out = 0
    for answer in history:
        first = answer.doc_id not in answered
        answered.add(answer.doc_id)
        if answer.source != SOURCE:
            continue
        told = suggestions.get(answer.suggested) if answer.suggested is not None else None
        usable = told is not None and told.id == answer.doc_id and told.reply.status is Status.OK
        if told is None or not usable or not first or answer.based_on:
            n_left_out += 1
        else:
            found.append(Compared(answer.doc_id, told.reply.spans, tuple(sorted(answer.entities)), answer.blind))
    return found, n_left_out


def anchoring(compared: Sequence[Compared], rng: np.random.Generator) -> Anchoring:
    """Measure how much nearer answers are to suggestions that were shown than to those that were withheld."""
    shown, blind = (_counts([one for one in compared if one.blind is group]) for group in (False, True))
    f1_shown, f1_blind = (_optional_f1(counts) for counts in (shown, blind))
    few = min(len(shown), len(blind)) < FEWEST
    if few or f1_shown is None or f1_blind is None:
        nothing = f"{len(shown)} answers with the suggestion shown and {len(blind)} with it withheld"
        why = (
            f"{nothing}: below {FEWEST} of each nothing can be said of anchoring"
            if few
            else f"{nothing}, and nothing is marked or suggested in one group: nothing can be compared"
        )
        return Anchoring(len(shown), len(blind), f1_shown, f1_blind, None, None, None, why)
    difference = f1_shown - f1_blind
    drawn = _resampled(shown, rng) - _resampled(blind, rng)
    low, high = (float(q) for q in np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
    sentence = _sentence(f1_shown, f1_blind, len(shown), len(blind), difference, low, high)
    return Anchoring(len(shown), len(blind), f1_shown, f1_blind, difference, low, high, sentence)


def _counts(group: Sequence[Compared]) -> FloatArray:
    """Give (n_texts, 2): spans that suggestion and answer share, and spans of both."""
    rows = [(len({*one.suggestion} & {*one.answer}), len({*one.suggestion}) + len({*one.answer})) for one in group]
    return np.array(rows, dtype=np.float64).reshape(-1, 2)


def _f1(sums: FloatArray) -> FloatArray:
    f1: FloatArray = 2 * sums[..., 0] / np.maximum(1, sums[..., 1])
    return f1


def _optional_f1(counts: FloatArray) -> float | None:
    sums = counts.sum(axis=0)
    return float(_f1(sums)) if sums[1] else None


def _resampled(counts: FloatArray, rng: np.random.Generator) -> FloatArray:
    n = len(counts)
    return _f1(rng.multinomial(n, np.full(n, 1 / n), size=RESAMPLES).astype(np.float64) @ counts)


def _sentence(
    f1_shown: float, f1_blind: float, n_shown: int, n_blind: int, difference: float, low: float, high: float
) -> str:
    told = (
        f"answers agree with the suggestion by {100 * f1_shown:.1f} F1 where it was shown ({n_shown} texts) and by "
        f"{100 * f1_blind:.1f} where it was withheld ({n_blind} texts): {100 * difference:+.1f}, "
        f"{100 * low:+.1f} to {100 * high:+.1f}; "
    )
    if low > 0:
        return told + "people lean towards what they are shown, and some errors of the model may pass as their own"
    if high < 0:
        return told + "people agree with suggestions less where they see them, so nothing speaks for anchoring"
    return told + "the interval holds zero, so anchoring is not shown; more texts would tell more"
