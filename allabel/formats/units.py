"""Offsets of programs that count otherwise: UTF-16 units against code points, told apart by the text between them."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

_SPACE = re.compile(r"\s+|\\n")


class Utf16:
    """The UTF-16 offsets of one text, both ways; a character beyond U+FFFF counts as two units."""

    def __init__(self, text: str):
        self.plain = not text or max(text) <= "\uffff"
        self._n = len(text)
        self._starts = [] if self.plain else [0, *accumulate(1 + (c > "\uffff") for c in text)]

    def unit(self, point: int) -> int:
        """Give the offset in units of an offset in code points."""
        return point if self.plain else self._starts[point]

    def point(self, unit: int) -> int | None:
        """Give the offset in code points, None where the unit lies outside the text or inside a character."""
        if self.plain:
            return unit if 0 <= unit <= self._n else None
        at = bisect_left(self._starts, unit)
        return at if at < len(self._starts) and self._starts[at] == unit else None


def said_text(text: str, start: int, end: int, said: str) -> bool:
    """Tell whether a stretch is what a file says of it, but for white space and line ends written as `\\n`."""
    found = text[start:end]
    return 0 <= start < end <= len(text) and (found == said or _squeezed(found) == _squeezed(said))


def in_units(text: str, stretches: Sequence[tuple[int, int, str]]) -> list[tuple[int, int]] | None:
    """Read the stretches (start, end, what the file says of it) as UTF-16 units.

    Returns them in code points; None where that does not fit what the file says either.
    """
    units = Utf16(text)
    found: list[tuple[int, int]] = []
    for start, end, said in stretches:
        first, last = units.point(start), units.point(end)
        if first is None or last is None or not said_text(text, first, last, said):
            return None
        found.append((first, last))
    return found


def _squeezed(text: str) -> str:
    return _SPACE.sub("", text)
