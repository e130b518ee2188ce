"""The strings of a text that a mention may be: what binds a model to copy, so that it can invent none."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate, islice

# Servers take no enumeration without end: OpenAI's strict mode ends at 1,000 values, those of labels included, and at
# 15,000 characters where they are more than 250.
MOST, MOST_CHARACTERS, UNCOUNTED = 900, 14_000, 250
LONGEST_WORDS, ENOUGH_WORDS = 16, 6
_OPENED_BY, _CLOSED_BY = {")": "(", "]": "[", "}": "{"}, {"(": ")", "[": "]", "{": "}"}
_WORD = re.compile(r"\S+")
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
_SENTENCE_END = re.compile(r"[.!?;]\Z")


@dataclass(frozen=True, slots=True)
class _Word:
    """A run without white space: where a mention of several words that begins with it may begin, and end likewise."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]


@lru_cache(maxsize=256)
def copies(text: str, most: int = MOST) -> tuple[str, ...]:
    """Return the distinct strings that a mention in this text may be, as they stand in it, shorter ones first.

    They are single words and their parts between hyphens, slashes, brackets and the like, then runs of two words, of
    three, and so on to 16, as far as all of one length keep within `most`, and within 14,000 characters where they are
    more than 250. Where that ends before six, runs that begin or end with a function word (English) and those across
    sentences give way to longer ones. None at all where not even single words keep within it.
    """
    matches = list(_WORD.finditer(text))
    single = dict.fromkeys(string for match in matches for string in _parts(text, *match.span()))
    if len(single) > most or (len(single) > UNCOUNTED and sum(map(len, single)) > MOST_CHARACTERS):
        return ()
    words = [_word(text, *match.span()) for match in matches]
    breaks = [0] * len(words)
    found, n_words = _with_runs(text, words, breaks, single, most)
    if n_words < min(ENOUGH_WORDS, len(words)):
        lean = [replace(w, starts=(), ends=()) if w.text.lower() in _FUNCTION_WORDS else w for w in words]
        breaks = list(accumulate(bool(_SENTENCE_END.search(w.text)) for w in words))
        found, _ = _with_runs(text, lean, [0, *breaks[:-1]], single, most)
    found.pop("", None)
    return tuple(found)


def _with_runs(
    text: str, words: Sequence[_Word], breaks: Sequence[int], single: dict[str, None], most: int
) -> tuple[dict[str, None], int]:
    """Add runs of 2, 3, … words within one stretch; returns them with `single` and how many words the longest have.

    breaks: for each word how many stretches ended before it.
    """
    found, longest = dict(single), min(LONGEST_WORDS, len(words))
    begin = [(i, start) for i, word in enumerate(words) for start in word.starts]
    n_characters = sum(map(len, found))
    for n in range(2, longest + 1):
        before = len(found)
        for i, start in begin:
            j = i + n - 1
            if j >= len(words) or breaks[i] != breaks[j]:
                continue
            for end in words[j].ends:
                string = text[start:end]
                if string and (string[0] in _CLOSED_BY or string[-1] in _OPENED_BY):
                    string = _balanced(string)
                found[string] = None
        n_characters += sum(map(len, islice(found, before, None)))
        if len(found) > most or (len(found) > UNCOUNTED and n_characters > MOST_CHARACTERS):
            return dict.fromkeys(islice(found, before)), n - 1
    return found, longest


def _word(text: str, start: int, end: int) -> _Word:
    # A bracket that stands alone may begin a mention or end one: "( Bi , Pb ) - 2212".
    first = end - len(text[start:end].lstrip(_LEADING))
    last = start + len(text[start:end].rstrip(_TRAILING))
    inner = [match.start() for match in _OUTER.finditer(text, first + 1, last)] if first < last else []
    starts = [first, *(i + 1 for i in inner)] if first < end else []
    ends = [last, *inner] if last > start else []
    # "(magnesium sulfate)" as it is, or what is in it.
    if starts and text[first] in _CLOSED_BY and first + 1 < end:
        starts.append(first + 1)
    if ends and text[last - 1] in _OPENED_BY and last - 1 > start:
        ends.append(last - 1)
    return _Word(text[start:end], tuple(starts), tuple(ends))


def _parts(text: str, start: int, end: int) -> list[str]:
    inner = [match.start() for match in _INNER.finditer(text, start, end)]
    if not inner or len(inner) > _MOST_INNER:
        return [_cut(text, start, end)]
    starts = [start, *(i + after for i in inner for after in (0, 1))]
    ends = [*(i + after for i in inner for after in (0, 1)), end]
    return [_cut(text, a, b) for a in starts for b in ends if a < b]


def _cut(text: str, start: int, end: int) -> str:
    start, end = _stripped(text, start, end)
    return _balanced(text[start:end])


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the stretch without the punctuation around it."""
    start = end - len(text[start:end].lstrip(_LEADING))
    return start, start + len(text[start:end].rstrip(_TRAILING))


def _balanced(string: str) -> str:
    """Return a string without a bracket at either end whose partner is outside."""
    if string[-1:] in _OPENED_BY and string.count(string[-1]) > string.count(_OPENED_BY[string[-1]]):
        return _cut(string, 0, len(string) - 1)
    if string[:1] in _CLOSED_BY and string.count(string[0]) > string.count(_CLOSED_BY[string[0]]):
        return _cut(string, 1, len(string))
    return string
