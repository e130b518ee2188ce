"""Words with offsets; chemical names stay whole ("1,2-dichloroethane", "Fe2O3", "n-BuLi", "Zn(NO3)2·6H2O")."""

import re
from functools import lru_cache

_CHUNK = re.compile(r"\S+")
_SEPARATOR = re.compile(r"(?<=[^\W\d_])/(?=[^\W\d_])|[—;|]+|(?<=[^\W\d_]{2}),(?=[^\W\d_]{2})")
_TRAILING = ".,;:!?'\"”’»…"
_LEADING = "'\"“‘«,;:.!?"
_CLOSES = {"(": ")", "[": "]", "{": "}"}


def words(text: str) -> list[tuple[int, int]]:
    """Return the `(start, end)` offsets of the text's words, in code points, in order.

    A word is a run without white space, less the punctuation and the unpaired brackets around it; a slash or a comma
    between plain words divides it ("DMF/water"), one beside a digit does not ("1,2-dichloroethane").
    """
    return [
        (chunk.start() + start, chunk.start() + end)
        for chunk in _CHUNK.finditer(text)
        for start, end in _inner_words(chunk[0])
    ]


def terms(text: str) -> list[str]:
    """Return the text's words in lower case: what BM25 counts."""
    return [term for chunk in text.split() for term in _inner_terms(chunk)]


@lru_cache(maxsize=1 << 18)
def _inner_terms(chunk: str) -> tuple[str, ...]:
    return tuple(chunk[start:end].lower() for start, end in _inner_words(chunk))


@lru_cache(maxsize=1 << 16)
def _inner_words(chunk: str) -> tuple[tuple[int, int], ...]:
    found, start = [], 0
    for cut in [*_SEPARATOR.finditer(chunk), None]:
        end = len(chunk) if cut is None else cut.start()
        word = _trimmed(chunk, start, end)
        if word is not None:
            found.append(word)
        start = len(chunk) if cut is None else cut.end()
    return tuple(found)


def _trimmed(chunk: str, start: int, end: int) -> tuple[int, int] | None:
    """Take punctuation, enclosing bracket pairs and unpaired brackets off both ends."""
    while start < end:
        first, last = chunk[start], chunk[end - 1]
        partner = _partner(chunk, start, end) if first in _CLOSES else None
        if first in _LEADING or (first in _CLOSES and partner is None):
            start += 1
        elif last in _TRAILING or (last in _CLOSES.values() and _unopened(chunk, start, end)):
            end -= 1
        elif partner == end - 1:
            start, end = start + 1, end - 1
        else:
            break
    # What has neither letter nor digit ("-", "=", "±") is no word.
    return (start, end) if any(c.isalnum() for c in chunk[start:end]) else None


def _partner(chunk: str, start: int, end: int) -> int | None:
    opening, closing, depth = chunk[start], _CLOSES[chunk[start]], 0
    for i in range(start, end):
        depth += (chunk[i] == opening) - (chunk[i] == closing)
        if depth == 0:
            return i
    return None


def _unopened(chunk: str, start: int, end: int) -> bool:
    closing = chunk[end - 1]
    opening = next(o for o, c in _CLOSES.items() if c == closing)
    return chunk.count(closing, start, end) > chunk.count(opening, start, end)
