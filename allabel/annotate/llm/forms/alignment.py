"""A text as a model copied it, laid beside the text itself."""

import unicodedata
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from allabel.annotate.llm.forms.error import ReplyFormatError

SHOWN = 40


@dataclass(frozen=True, slots=True)
class Alignment:
    """Where the visible characters of a copy and of its text stand, each in order; both None where they are equal."""

    copied: Sequence[int] | None
    original: Sequence[int] | None

    @classmethod
    def of(cls, text: str, copy: str) -> "Alignment":
        """Lay a copy beside its text. Raises ReplyFormatError that says what changed beyond white space.

        Invisible format characters, such as zero-width spaces, are white space here: models drop them likewise.
        """
        if copy == text:
            return cls(None, None)
        original = [i for i, char in enumerate(text) if not _is_blank(char)]
        copied = [i for i, char in enumerate(copy) if not _is_blank(char)]
        if [text[i] for i in original] != [copy[i] for i in copied]:
            raise ReplyFormatError(_difference(text, original, copy, copied))
        return cls(copied, original)

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Return the stretch of the text that the copy's stretch was made from; an empty one where nothing shows.

        Where the copy changed white space, that at the edges of a stretch is left out of it.
        """
        if self.copied is None or self.original is None:
            return start, end
        first, behind = bisect_left(self.copied, start), bisect_left(self.copied, end)
        return (self.original[first], self.original[behind - 1] + 1) if first < behind else (start, start)


def _is_blank(char: str) -> bool:
    return char.isspace() or unicodedata.category(char) == "Cf"


def _difference(text: str, original: Sequence[int], copy: str, copied: Sequence[int]) -> str:
    """Say where the visible characters begin to differ and where they agree again, with what stands between."""
    n, shorter = 0, min(len(original), len(copied))
    while n < shorter and text[original[n]] == copy[copied[n]]:
        n += 1
    tail = 0
    while tail < shorter - n and text[original[-1 - tail]] == copy[copied[-1 - tail]]:
        tail += 1
    was = _between(text, original[n : len(original) - tail])
    became = _between(copy, copied[n : len(copied) - tail])
    at = original[n] if n < len(original) else len(text)
    if not became:
        return f"the reply leaves out {was} at character {at} of the text"
    if not was:
        return f"the reply adds {became} at character {at} of the text"
    return f"the reply changes the text at character {at}: {was} became {became}"


def _between(text: str, visible: Sequence[int]) -> str:
    if not visible:
        return ""
    found = text[visible[0] : visible[-1] + 1]
    return repr(found if len(found) <= SHOWN else f"{found[:SHOWN]}…")
