"""Where a mention stands by itself: the borders of chemical names, formulas and numbers in running text."""

import re
import unicodedata
from itertools import takewhile

from allabel.annotate.spelling import HYPHENS, PRIMES, TRUE_PRIMES

OPENING, CLOSING = "([{", ")]}"
JOINTS = frozenset(".·•∙⋅_=≡")

LOCANT = re.compile(r"(\d+[A-Za-zα-ω]?|[A-Za-zα-ω])'*(,(\d+[A-Za-zα-ω]?|[A-Za-zα-ω])'*)*")
PREFIX = re.compile(
    r"tert|iso|cis|trans|meta|para|ortho|endo|cyclo|spiro|meso|rac|threo|erythro|mono|poly|tris|tetra|penta|hexa"
    r"|alpha|beta|gamma|delta|epsilon|omega"
)
SUBSTITUENT = re.compile(r"[a-z]*(yl|oxy|aza|oxa|thia|thio|nitro|nitroso|chloro|fluoro|bromo|iodo|amino|cyano|hydro)")
CHEMICAL_ENDING = re.compile(r"[a-z]*(ane|ene|yne|ol|one|al|yl|ide|ine|ate|ite|ium|oic|acid)")


def is_bounded(text: str, start: int, end: int) -> bool:
    """True when text[start:end] stands by itself, not inside a larger chemical name, formula or number.

    - Letters, digits, accents and sub- or superscripts never touch it.
    - A full stop, hydrate dot, bond or underscore with a letter or digit beyond joins: "2.5 M", "CuSO4·5H2O";
      an equals sign before a digit is none ("acetone=10:1").
      A comma does so beside a locant: "1,3", "N,N", but not "HCl,water".
    - A hyphen before it joins ("n-BuLi", "4-nitro", "(R)-BINAP"), unless what stands before the hyphen is a lower-case
      word of four letters or more that is no chemical prefix: "acid-base", "drug-DMF", but "tert-butanol".
    - A hyphen behind it joins, unless a lower-case word of four letters or more follows: "cocaine-induced". A locant or
      prefix alone stays joined ("4-nitrophenol"), and a substituent or locant does before a chemical ending
      ("methyl-benzene", "hexa-1,3-diene").
    - A bracket joins where it opens or closes against a letter or digit: "Fe(CO)5", but not "(HCl)".
    - A prime joins after a locant; a charge ("Na+") belongs to its ion; a slash and white space always divide.
    """
    return not (joins_left(text, start, text[start:end]) or joins_right(text, end, text[start:end]))


def _at(text: str, i: int) -> str:
    return text[i] if 0 <= i < len(text) else " "


def _in_word(char: str) -> bool:
    return char.isalnum() or char in "⁺⁻₊₋" or unicodedata.category(char)[0] == "M"


def _past_invisible(text: str, i: int, step: int) -> int:
    while unicodedata.category(_at(text, i)) == "Cf":
        i += step
    return i


def joins_left(text: str, start: int, mention: str) -> bool:
    """Tell whether what stands before `start` makes one name with a mention that begins there."""
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


def joins_right(text: str, end: int, mention: str) -> bool:
    """Tell whether what stands behind `end` makes one name with a mention that ends there."""
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
    joint = near in JOINTS and _in_word(far) and not (near == "=" and far.isdigit())
    return charge or joint or _prime_joins(near, far, mention) or _in_word(near)


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
