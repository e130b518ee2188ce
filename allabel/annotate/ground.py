"""Finds the mentions of a reply in the text they were read from."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile

from allabel.document import Span
from allabel.reply import Grounding, Proposal

Stretch = tuple[int, int]

HYPHENS = frozenset("-\u2010\u2011\u2012\u2013\u2212\u2043\ufe63\uff0d")
DASHES = HYPHENS | frozenset("\u2014\u2015")
TRUE_PRIMES = frozenset("\u2032\u2033\u2034")
PRIMES = TRUE_PRIMES | frozenset("'\u2018\u2019\u02b9\u00b4`")
OPENING, CLOSING = "([{", ")]}"
JOINTS = frozenset(".·•∙⋅_=≡")

LOCANT = re.compile(r"(\d+[A-Za-zα-ω]?|[A-Za-zα-ω])'*(,(\d+[A-Za-zα-ω]?|[A-Za-zα-ω])'*)*")
PREFIX = re.compile(
    r"tert|iso|cis|trans|meta|para|ortho|endo|cyclo|spiro|meso|rac|threo|erythro|mono|poly|tris|tetra|penta|hexa"
    r"|alpha|beta|gamma|delta|epsilon|omega"
)
SUBSTITUENT = re.compile(r"[a-z]*(yl|oxy|aza|oxa|thia|thio|nitro|nitroso|chloro|fluoro|bromo|iodo|amino|cyano|hydro)")
CHEMICAL_ENDING = re.compile(r"[a-z]*(ane|ene|yne|ol|one|al|yl|ide|ine|ate|ite|ium|oic|acid)")


def ground(text: str, mentions: Sequence[tuple[str, str]]) -> list[Proposal]:
    """Return one proposal a (label, mention), in order, its span in the code points of `text` as it came.

    A mention stands where it occurs with its case kept and bounded as a chemical name (see `bounds`): first
    character for character, then up to Unicode spelling (`Normalised`). Listed several times under one label it
    claims its occurrences from the left, and what is listed beyond them repeats the last. Fewer listings than
    occurrences are `ambiguous`. Occurrences inside a longer mention that is listed too are left to that one, unless
    there are no others. A mention found in neither way is `missing`.
    """
    listed = Counter(mentions)
    claims: Counter[tuple[str, str]] = Counter()
    taken: list[Stretch] = []
    found: dict[int, Proposal] = {}
    # The longest first: "acid" must not claim the end of a listed "hydrochloric acid".
    for i in sorted(range(len(mentions)), key=lambda i: -len(mentions[i][1])):
        label, mention = mentions[i]
        places, grounding = _occurrences(text, mention)
        free = [p for p in places if not any(_inside(p, other) for other in taken)] or places
        if not free:
            found[i] = Proposal(label, mention, None, Grounding.MISSING)
            continue
        place = free[min(claims[mentions[i]], len(free) - 1)]
        claims[mentions[i]] += 1
        taken.append(place)
        sure = len(free) <= listed[mentions[i]]
        found[i] = Proposal(label, mention, Span(*place, label), grounding if sure else Grounding.AMBIGUOUS)
    return [found[i] for i in range(len(mentions))]


def _inside(place: Stretch, other: Stretch) -> bool:
    return place != other and other[0] <= place[0] and place[1] <= other[1]


def _occurrences(text: str, mention: str) -> tuple[list[Stretch], Grounding]:
    places = _find(text, mention) if mention == mention.strip() else []
    places = [place for place in places if is_bounded(text, *place)]
    if places:
        return places, Grounding.EXACT
    return [p for p in _normalised(text).find(mention) if is_bounded(text, *p)], Grounding.NORMALISED


def _find(text: str, mention: str) -> list[Stretch]:
    """Every place where `mention` occurs, overlapping ones too; none for an empty one."""
    places = []
    start = text.find(mention) if mention else -1
    while start >= 0:
        places.append((start, start + len(mention)))
        start = text.find(mention, start + 1)
    return places


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
        places = _find(self.text, Normalised.of(mention).text.strip())
        return [(self.origins[a][0], self.origins[b - 1][1]) for a, b in places if self._whole(a) and self._whole(b)]

    def _whole(self, i: int) -> bool:
        return i in (0, len(self.origins)) or self.origins[i - 1] != self.origins[i]


@lru_cache(maxsize=64)
def _normalised(text: str) -> Normalised:
    return Normalised.of(text)


@lru_cache(maxsize=4096)
def _spelling(char: str) -> str:
    """One code point in the common spelling; decomposed, so that composed and combining accents agree."""
    if char in PRIMES:
        return "'"
    if char.isspace():
        return " "
    if unicodedata.category(char) == "Cf":  # soft hyphens, zero-width spaces and joiners
        return ""
    flat = unicodedata.normalize("NFKD", char)
    return "".join("-" if x in DASHES else "'" if x in PRIMES else " " if x.isspace() else x for x in flat)


def is_bounded(text: str, start: int, end: int) -> bool:
    """True when text[start:end] stands by itself, not inside a larger chemical name, formula or number.

    - Letters, digits, accents and sub- or superscripts never touch it.
    - A full stop, hydrate dot, bond or underscore with a letter or digit beyond joins: "2.5 M", "CuSO4·5H2O".
      A comma does so beside a locant: "1,3", "N,N", but not "HCl,water".
    - A hyphen before it joins ("n-BuLi", "4-nitro", "(R)-BINAP"), unless what stands before the hyphen is a lower-case
      word of four letters or more that is no chemical prefix: "acid-base", "drug-DMF", but "tert-butanol".
    - A hyphen behind it joins, unless a lower-case word of four letters or more follows: "cocaine-induced". A locant or
      prefix alone stays joined ("4-nitrophenol"), and a substituent or locant does before a chemical ending
      ("methyl-benzene", "hexa-1,3-diene").
    - A bracket joins where it opens or closes against a letter or digit: "Fe(CO)5", but not "(HCl)".
    - A prime joins after a locant; a charge ("Na+") belongs to its ion; a slash and white space always divide.
    """
    return not (_joins_left(text, start, text[start:end]) or _joins_right(text, end, text[start:end]))


def _at(text: str, i: int) -> str:
    return text[i] if 0 <= i < len(text) else " "


def _in_word(char: str) -> bool:
    return char.isalnum() or char in "⁺⁻₊₋" or unicodedata.category(char)[0] == "M"


def _past_invisible(text: str, i: int, step: int) -> int:
    while unicodedata.category(_at(text, i)) == "Cf":
        i += step
    return i


def _joins_left(text: str, start: int, mention: str) -> bool:
    i = _past_invisible(text, start - 1, -1)
    near, far = _at(text, i), _at(text, i - 1)
    if near in HYPHENS:
        before = _last_letters(text[:i])
        divides = _is_plain_word(before) and not PREFIX.fullmatch(before) and not SUBSTITUENT.fullmatch(before)
        return far in CLOSING or far in PRIMES or far == "+" or (_in_word(far) and not divides)
    if near == ",":
        return _in_word(far) and (_is_locant(_last_piece(text[:i])) or _is_locant(_first_piece(mention)))
    if near in OPENING:
        outside = text[:i].rstrip(OPENING)[-1:] or " "
        return _in_word(outside) or outside in HYPHENS or outside in PRIMES or outside in CLOSING
    if near in CLOSING:
        return OPENING[CLOSING.index(near)] in _token_before(text, i)
    return _in_word(near) or ((near in JOINTS or near in PRIMES) and _in_word(far))


def _joins_right(text: str, end: int, mention: str) -> bool:
    i = _past_invisible(text, end, 1)
    near, far = _at(text, i), _at(text, i + 1)
    if near in HYPHENS:
        return _hyphen_joins_right(text, i, mention)
    if near == ",":
        return _in_word(far) and (_is_locant(_last_piece(mention)) or _is_locant(_first_piece(text[i + 1 :])))
    if near in OPENING:
        closes = CLOSING[OPENING.index(near)] in _token_after(text, i)
        return closes or PREFIX.fullmatch(_last_letters(mention).lower()) is not None
    if near in CLOSING:
        return _in_word(far) or far in OPENING or (far in HYPHENS and _hyphen_joins_right(text, i + 1, mention))
    charge = near == "+" and (not _in_word(far) or far.isdigit())
    return charge or _prime_joins(near, far, mention) or _in_word(near) or (near in JOINTS and _in_word(far))


def _prime_joins(near: str, far: str, mention: str) -> bool:
    if near not in PRIMES:
        return False
    goes_on = _in_word(far) or far in HYPHENS or far == "," or far in CLOSING
    return near in TRUE_PRIMES or (goes_on and _is_locant(_last_piece(mention)))


def _hyphen_joins_right(text: str, hyphen: int, mention: str) -> bool:
    far = _at(text, hyphen + 1)
    if not _in_word(far):
        return far in OPENING
    word = _first_piece(text[hyphen + 1 :])
    left = _last_letters(mention).lower()
    if not _is_plain_word(word) or _is_locant(mention) or PREFIX.fullmatch(mention.lower()):
        return True
    part = PREFIX.fullmatch(left) or SUBSTITUENT.fullmatch(left) or _is_locant(re.split(r"[\s-]", mention)[-1])
    return bool(part and CHEMICAL_ENDING.fullmatch(word))


def _is_plain_word(word: str) -> bool:
    return len(word) >= 4 and word.isascii() and word.isalpha() and word.islower()


def _is_locant(piece: str) -> bool:
    return LOCANT.fullmatch("".join("'" if char in PRIMES else char for char in piece)) is not None


def _first_piece(text: str) -> str:
    return "".join(takewhile(lambda char: _in_word(char) or char in PRIMES, text))


def _last_piece(text: str) -> str:
    return _first_piece(text[::-1])[::-1]


def _last_letters(text: str) -> str:
    return "".join(takewhile(str.isalpha, reversed(text)))[::-1]


def _token_before(text: str, i: int) -> str:
    return "".join(takewhile(lambda char: not char.isspace(), reversed(text[:i])))


def _token_after(text: str, i: int) -> str:
    return "".join(takewhile(lambda char: not char.isspace(), text[i + 1 :]))
