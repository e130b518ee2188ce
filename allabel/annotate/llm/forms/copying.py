"""The strings of a text that a mention may be: what binds a model to copy, so that it can invent none."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import accumulate, islice
from typing import NamedTuple

from allabel.annotate.bounds import is_bounded, joins_left, joins_right

# Servers take no enumeration without end: OpenAI's strict mode ends at 1,000 values, those of labels included, and at
# 15,000 characters where they are more than 250.
MOST, MOST_CHARACTERS, UNCOUNTED = 900, 14_000, 250
LONGEST_WORDS, ENOUGH_WORDS = 10, 6
_OPENED_BY, _CLOSED_BY = {")": "(", "]": "[", "}": "{"}, {"(": ")", "[": "]", "{": "}"}
_BRACKET, _BLANKS = re.compile(r"[()\[\]{}]"), " \t\r\n\u00a0\u2009\u202f"
_CHUNK = re.compile(r"\S+")
_LEADING, _TRAILING = "\"'“‘«,;:.!?)]}>", "\"'”’»,;:.!?…([{<"
# Where a mention may end or begin inside a word: "cocaine-induced", "DMF/water", "(HCl)2", "Li+".
_INNER = re.compile(r"[-‐‑–—/+=:,·•()\[\]{}<>]")
# Where it may also do so as one of several words: "lung cancer-related", "hexane:ethyl acetate=2:1".
_OUTER = re.compile(r"[-‐‑–—/](?=[A-Za-z]{4})|[:=(]")
# A systematic name of many parts is not cut at each of them.
_MOST_INNER = 6
# Where room is short, runs of words neither begin nor end with one of these, nor go past the end of a sentence.
_FUNCTION_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a an the this that these those it its their his her our we they he she who which what where when "
        "while as at by for from in into of on onto per than then to under upon via with within without over "
        "after before between during and or but not nor also both each either no all any some such more most "
        "other only very is are was were be been being has have had do does did can could may might must "
        "shall should will would there here thus however",
    )
)
_SENTENCE_ENDS = ".!?;"


class _Word(NamedTuple):
    """A run without white space. parts: what of it can be a mention by itself.

    starts, ends: where in it a mention of several words that begins or ends with it may do so.
    """

    parts: tuple[str, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]


class _Placed(NamedTuple):
    """A word's `starts` and `ends` in a text, and the stretch between breaks that it stands in."""

    starts: Sequence[int]
    ends: Sequence[int]
    stretch: int


@lru_cache(maxsize=256)
def copies(text: str, most: int = MOST) -> tuple[str, ...]:
    """Return the distinct strings that a mention in this text may be, as they stand in it, shorter ones first.

    They are single words and their parts between hyphens, slashes, brackets and the like, then runs of two words, of
    three, and so on to 10, as far as all of one length keep within `most`, and within 14,000 characters where they are
    more than 250. Where that ends before six, runs that begin or end with a function word (English) and those across
    sentences give way to longer ones. None at all where not even single words keep within it. Hardly any (3 of 10,000)
    could not be grounded: borders inside words are those of `is_bounded`.
    """
    chunks = [(match.start(), match[0]) for match in _CHUNK.finditer(text)]
    words = [(at, chunk, _word(chunk)) for at, chunk in chunks]
    single = dict.fromkeys(part for _, _, word in words for part in word.parts)
    if len(single) > most or (len(single) > UNCOUNTED and sum(map(len, single)) > MOST_CHARACTERS):
        return ()
    placed = [_Placed([at + i for i in word.starts], [at + i for i in word.ends], 0) for at, _, word in words]
    found, n_words = _with_runs(text, placed, single, most)
    if n_words < min(ENOUGH_WORDS, len(words)):
        stretches = accumulate((chunk[-1] in _SENTENCE_ENDS for _, chunk in chunks), initial=0)
        lean = [
            _Placed((), (), n) if chunk.lower() in _FUNCTION_WORDS else _Placed(one.starts, one.ends, n)
            for one, (_, chunk), n in zip(placed, chunks, stretches, strict=False)
        ]
        found, _ = _with_runs(text, lean, single, most)
    found.pop("", None)
    return tuple(found)


def _with_runs(
    text: str, words: Sequence[_Placed], single: Mapping[str, None], most: int
) -> tuple[dict[str, None], int]:
    """Add runs of 2, 3, … words within one stretch; returns them with `single` and how many words the longest have."""
    found, longest = dict(single), min(LONGEST_WORDS, len(words))
    begin = [(i, start) for i, word in enumerate(words) for start in word.starts]
    n_characters, bracketed = sum(map(len, found)), _BRACKET.search(text) is not None
    for n in range(2, longest + 1):
        before = len(found)
        for i, start in begin:
            j = i + n - 1
            if j >= len(words) or words[i].stretch != words[j].stretch:
                continue
            for end in words[j].ends:
                string = text[start:end]
                if bracketed and _BRACKET.search(string):
                    string = _balanced(string)
                found[string] = None
        n_characters += sum(map(len, islice(found, before, None)))
        if len(found) > most or (len(found) > UNCOUNTED and n_characters > MOST_CHARACTERS):
            return dict.fromkeys(islice(found, before)), n - 1
    return found, longest


@lru_cache(maxsize=1 << 16)
def _word(chunk: str) -> _Word:
    return _Word(_parts(chunk), _starts(chunk), _ends(chunk))


def _starts(chunk: str) -> tuple[int, ...]:
    # A bracket that stands alone may begin a mention: "( Bi , Pb ) - 2212".
    first = len(chunk) - len(chunk.lstrip(_LEADING))
    found = [first, *(match.end() for match in _OUTER.finditer(chunk, first + 1))]
    # "(magnesium sulfate)" as it is, or what is in it.
    found += [first + 1] if chunk[first : first + 1] in _CLOSED_BY else []
    return tuple(i for i in found if i < len(chunk) and (i == 0 or not joins_left(chunk, i, chunk[i:])))


def _ends(chunk: str) -> tuple[int, ...]:
    last = len(chunk.rstrip(_TRAILING))
    found = [last, *(match.start() for match in _OUTER.finditer(chunk, 1, last))]
    found += [last - 1] if chunk[last - 1 : last] in _OPENED_BY else []
    return tuple(i for i in found if i > 0 and (i == len(chunk) or not joins_right(chunk, i, chunk[:i])))


def _parts(chunk: str) -> tuple[str, ...]:
    first, last = _stripped(chunk, 0, len(chunk))
    inner = [match.start() for match in _INNER.finditer(chunk)]
    if not inner or len(inner) > _MOST_INNER:
        return (_balanced(chunk[first:last]),)
    starts = {_stripped(chunk, i + after, len(chunk))[0] for i in inner for after in (0, 1)} | {first}
    ends = {_stripped(chunk, 0, i + after)[1] for i in inner for after in (0, 1)} | {last}
    return tuple(
        _balanced(chunk[a:b]) for a in sorted(starts) for b in sorted(ends) if a < b and is_bounded(chunk, a, b)
    )


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the stretch without the punctuation around it."""
    start = end - len(text[start:end].lstrip(_LEADING))
    return start, start + len(text[start:end].rstrip(_TRAILING))


def _balanced(string: str) -> str:
    """Return a string without a bracket at either end whose partner is outside; "" where one is outside still."""
    while string:
        if string[-1] in _OPENED_BY and string.count(string[-1]) > string.count(_OPENED_BY[string[-1]]):
            string = string[:-1].rstrip(_TRAILING + _BLANKS)
        elif string[0] in _CLOSED_BY and string.count(string[0]) > string.count(_CLOSED_BY[string[0]]):
            string = string[1:].lstrip(_LEADING + _BLANKS)
        else:
            break
    return string if all(string.count(a) == string.count(b) for a, b in _CLOSED_BY.items()) else ""
