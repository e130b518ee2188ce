"""Texts too long for a model: windows of whole sentences that overlap, and what was found in them put together.

Sentences are nupunkt's (Kiss & Strunk 2006, Punkt, with a model of abbreviations), and its spans are only where a
text may be cut: a window is a slice of the text as it came.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from allabel.annotate.spelling import Stretch
from allabel.document import Span
from allabel.errors import InputError
from allabel.reply import Proposal


@dataclass(frozen=True, slots=True)
class Window:
    """The stretch [start, end) of a text, in code points, that a model is shown at once."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """Return the window's text."""
        return text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Merged:
    """What all windows of a text found, with offsets in the text.

    proposals: by place, each span and label once; then those without a span, window by window.
    conflicting: those that gave way to another window's, with which they overlap.
    """

    proposals: tuple[Proposal, ...]
    conflicting: tuple[Proposal, ...]


def windows(text: str, size: int, *, overlap: int = 0, measure: Callable[[str], int] = len) -> list[Window]:
    """Cut a text into windows, in order, that leave no code point out; one where it fits, be it empty.

    size: what a window's sentences measure together at most (by default in code points); a single code point that
    measures more stands alone. overlap: how much of a window is shown again in the next, in whole sentences.
    measure: never less for a text than for its start, such as a count of tokens; it is called for single sentences.
    A sentence that is too long is cut behind white space, or anywhere in a word that is too long itself.
    Raises InputError unless 0 <= overlap < size.
    """
    if not 0 <= overlap < size:
        raise InputError(
            f"windows of {size} cannot overlap by {overlap}", remedy="the overlap is at least 0 and below the size"
        )
    if measure(text) <= size:
        return [Window(0, len(text))]
    # Parts of a long sentence are small enough to be shown twice, as an entity may lie across a cut.
    parts = [
        part
        for a, b in _sentences(text)
        for part in ([(a, b)] if measure(text[a:b]) <= size else _cut(text, a, b, overlap or size, measure))
    ]
    sizes = [measure(text[a:b]) for a, b in parts]
    made: list[Window] = []
    first, n = 0, len(parts)
    while first < n:
        behind, total = first + 1, sizes[first]
        while behind < n and total + sizes[behind] <= size:
            total += sizes[behind]
            behind += 1
        made.append(Window(parts[first][0], parts[behind - 1][1]))
        if behind == n:
            break
        # Back by what may be shown again, so far as the next sentence still fits behind it: never to where this window
        # began, as it did not fit there.
        first, again = behind, 0
        while again + sizes[first - 1] <= min(overlap, size - sizes[behind]):
            first -= 1
            again += sizes[first]
    return made


def _sentences(text: str) -> list[Stretch]:
    """Return the stretches from one start of a sentence to the next: they cover the text whatever the splitter does."""
    starts = {0, *(start for start, _ in _splitter()(text) if 0 < start < len(text))}
    return list(pairwise([*sorted(starts), len(text)]))


@cache
def _splitter() -> Callable[[str], list[Stretch]]:
    from nupunkt import sent_spans  # reads its model of abbreviations

    return sent_spans


def _cut(text: str, start: int, end: int, size: int, measure: Callable[[str], int]) -> list[Stretch]:
    """Cut text[start:end] into parts that measure at most `size`, or are one code point."""
    parts = []
    while start < end:
        low, high = start + 1, end
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if measure(text[start:middle]) <= size else (low, middle - 1)
        cut = low
        if cut < end:
            cut = next((i for i in range(cut, start, -1) if text[i - 1].isspace()), cut)
        parts.append((start, cut))
        start = cut
    return parts


def merge(text: str, shown: Sequence[Window], found: Sequence[Sequence[Proposal]]) -> Merged:
    """Put together what was found in each window, (n_windows,), with offsets in its slice of the text.

    The same span and label counts once, as the window found it that has it farthest from a border; the ends of the
    text are no borders. Of spans of different windows that overlap, the one farther from a border stands, of equals
    the longer one. Spans of one window may overlap as they did.
    """
    seen: dict[Span, tuple[int, Proposal]] = {}
    by: dict[Span, set[int]] = {}
    nowhere: list[Proposal] = []
    for n, (window, proposals) in enumerate(zip(shown, found, strict=True)):
        for p in proposals:
            if p.span is None:
                nowhere.append(p)
                continue
            span = Span(p.span.start + window.start, p.span.end + window.start, p.span.label)
            room = _room(span, window, len(text))
            if span not in seen or room > seen[span][0]:
                seen[span] = room, Proposal(p.label, p.mention, span, p.grounding, p.score)
            by.setdefault(span, set()).add(n)
    stands: list[Span] = []
    yields: list[Span] = []
    standing: dict[int, list[Span]] = defaultdict(list)  # at each code point: few overlap, however many there are
    for span in sorted(seen, key=lambda s: (-seen[s][0], s.start - s.end, s)):
        place = range(span.start, span.end)
        if all(by[span] & by[other] for i in place for other in standing[i]):
            stands.append(span)
            for i in place:
                standing[i].append(span)
        else:
            yields.append(span)
    return Merged(
        (*(seen[span][1] for span in sorted(stands)), *nowhere), tuple(seen[span][1] for span in sorted(yields))
    )


def _room(span: Span, window: Window, length: int) -> int:
    """Return how far a span is from where its window was cut, in code points; the text's length where it was not."""
    left = span.start - window.start if window.start else length
    right = window.end - span.end if window.end < length else length
    return min(left, right)
