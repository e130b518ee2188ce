"""One spelling of dashes, primes, dots, scripts, ligatures and white space, with its offsets mapped back."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

Stretch = tuple[int, int]

HYPHENS = frozenset("-\u2010\u2011\u2012\u2013\u2212\u2043\ufe63\uff0d")
DASHES = HYPHENS | frozenset("\u2014\u2015")
TRUE_PRIMES = frozenset("\u2032\u2033\u2034")
PRIMES = TRUE_PRIMES | frozenset("'\u2018\u2019\u02b9\u00b4`")
_NOT_PLAIN = re.compile(r"[^ -_a-~]|  ")
MIDDLE_DOTS = frozenset("•∙⋅‧・")


def find(text: str, mention: str) -> list[Stretch]:
    """Return every place where `mention` occurs, overlapping ones too; none for an empty one."""
    places = []
    start = text.find(mention) if mention else -1
    while start >= 0:
        places.append((start, start + len(mention)))
        start = text.find(mention, start + 1)
    return places


def is_plain(text: str) -> bool:
    """True when the common spelling of a text is the text itself, as of most: printable ASCII, single spaces."""
    return _NOT_PLAIN.search(text) is None


@dataclass(frozen=True, slots=True)
class Normalised:
    """A text in one spelling of dashes, primes, scripts, ligatures and white space, its offsets mapped back.

    origins: (len(text),) for each code point the stretch of the raw text that it was written from.
    """

    text: str
    origins: tuple[Stretch, ...]

    @classmethod
    def of(cls, raw: str) -> "Normalised":
        """Normalise code point by code point: each knows where it came from. Case is kept."""
        chars: list[str] = []
        origins: list[Stretch] = []
        for i, char in enumerate(raw):
            for new in _spelling(char):
                if new == " " and chars and chars[-1] == " ":
                    origins[-1] = (origins[-1][0], i + 1)
                    continue
                chars.append(new)
                origins.append((i, i + 1))
        return cls("".join(chars), tuple(origins))

    def find(self, mention: str) -> list[Stretch]:
        """Return the raw stretches that equal `mention` in this spelling; none that cuts a raw code point in two."""
        places = find(self.text, Normalised.of(mention).text.strip())
        return [(self.origins[a][0], self.origins[b - 1][1]) for a, b in places if self._whole(a) and self._whole(b)]

    def _whole(self, i: int) -> bool:
        return i in (0, len(self.origins)) or self.origins[i - 1] != self.origins[i]


@lru_cache(maxsize=64)
def normalised(text: str) -> Normalised:
    """Return the text in the common spelling; kept for the last texts, whose mentions come one after another."""
    return Normalised.of(text)


@lru_cache(maxsize=4096)
def _spelling(char: str) -> str:
    """One code point in the common spelling; decomposed, so that composed and combining accents agree."""
    if char in PRIMES:
        return "'" * (1 + "′″‴".find(char) if char in TRUE_PRIMES else 1)
    if char in MIDDLE_DOTS:
        return "·"
    if char.isspace():
        return " "
    if unicodedata.category(char) == "Cf":  # soft hyphens, zero-width spaces and joiners
        return ""
    flat = unicodedata.normalize("NFKD", char)
    return "".join("-" if x in DASHES else "'" if x in PRIMES else " " if x.isspace() else x for x in flat)
