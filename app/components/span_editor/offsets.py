"""Code points (Python) and UTF-16 units (browsers), turned into each other."""

from bisect import bisect_left
from collections.abc import Sequence

from allabel.errors import SpanError


class Utf16:
    """Places in one text, counted in code points and in UTF-16 units.

    pairs: where the text has surrogate pairs, in UTF-16 units, ascending: all that the counting needs.
    """

    def __init__(self, pairs: Sequence[int]):
        self.pairs = tuple(pairs)
        # The same places in code points: every pair before one is one unit too many.
        self._points = tuple(unit - before for before, unit in enumerate(self.pairs))
        if any(b - a < 2 for a, b in zip(self.pairs, self.pairs[1:], strict=False)) or min(self.pairs, default=0) < 0:
            raise SpanError("surrogate pairs are not in ascending order", remedy="load the page again")

    @classmethod
    def of(cls, text: str) -> "Utf16":
        """Count the pairs of a text: its code points above U+FFFF."""
        wide = (i for i, character in enumerate(text) if character > "\uffff")
        return cls([point + before for before, point in enumerate(wide)])

    def units(self, point: int) -> int:
        """Give the UTF-16 place of a place in code points."""
        return point + bisect_left(self._points, point)

    def points(self, unit: int) -> int:
        """Give the place in code points of a UTF-16 place. Raises SpanError inside a surrogate pair."""
        before = bisect_left(self.pairs, unit)
        if before and self.pairs[before - 1] == unit - 1:
            raise SpanError(
                f"the offset {unit} lies inside a surrogate pair", remedy="mark whole characters; load the page again"
            )
        return unit - before
