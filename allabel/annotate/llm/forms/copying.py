"""The strings of a text that a mention may be: what binds a model to copy, so that it can invent none."""

import re
from collections.abc import Sequence
from functools import lru_cache

# Servers take no enumeration without end: OpenAI's strict mode ends at 1,000 values, those of labels included.
MOST = 900
LONGEST_WORDS, ENOUGH_WORDS = 24, 6
_WORD = re.compile(r"\S+")
_LEADING, _TRAILING = "\"'“‘«,;:.!?)]}>", "\"'”’»,;:.!?…([{<"
# Where a mention may end or begin inside a word: "cocaine-induced", "DMF/water", "(HCl)2", "Li+".
_INNER = re.compile(r"[-‐‑–—/+=:,·•()\[\]{}<>]")
# Where it may also do so at the end of several words: "lung cancer-related".
_OUTER = re.compile(r"[-‐‑–—/](?=[a-z]{4})")
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

Word = tuple[int, int]


@lru_cache(maxsize=256)
def copies(text: str, most: int = MOST) -> tuple[str, ...]:
    """Return the distinct strings that a mention in this text may be, as they stand in it, shorter ones first.

    They are single words and their parts between hyphens, slashes, brackets and the like, then runs of two words, of
    three, and so on to 24, as far as all of one length keep within `most`. Where that ends before six, runs that begin
    or end with a function word (English) and those across sentences give way to longer ones. None at all where not
    even single words keep within it.
    """
    words = [(match.start(), match.end()) for match in _WORD.finditer(text)]
    single = dict.fromkeys(string for start, end in words for string in _parts(text, start, end))
    if len(single) > most:
        return ()
    found, n_words = _with_runs(text, words, single, most, range(len(words)))
    if n_words < min(ENOUGH_WORDS, len(words)):
        lean = [i for i, (start, end) in enumerate(words) if text[start:end].lower() not in _FUNCTION_WORDS]
        found, _ = _with_runs(text, words, single, most, lean, whole_sentences=False)
    return tuple(string for string in found if string)


def _with_runs(
    text: str,
    words: Sequence[Word],
    single: dict[str, None],
    most: int,
    edges: Sequence[int],
    *,
    whole_sentences: bool = True,
) -> tuple[dict[str, None], int]:
    """Add runs of 2, 3, … words that begin and end at `edges`; returns them all and how many words the longest have."""
    may_end = set(edges)
    ends = [_ends(text, start, end) for start, end in words]
    breaks = [0]
    for start, end in words:
        breaks.append(breaks[-1] + (not whole_sentences and bool(_SENTENCE_END.search(text[start:end]))))
    found, longest = single, min(LONGEST_WORDS, len(words))
    for n in range(2, longest + 1):
        runs = [i for i in edges if i + n - 1 in may_end and breaks[i] == breaks[i + n - 1]]
        longer = found | dict.fromkeys(_trimmed(text, words[i][0], end) for i in runs for end in ends[i + n - 1])
        if len(longer) > most:
            return found, n - 1
        found = longer
    return found, longest


def _parts(text: str, start: int, end: int) -> list[str]:
    inner = [match.start() for match in _INNER.finditer(text, start, end)]
    if not inner or len(inner) > _MOST_INNER:
        return [_trimmed(text, start, end)]
    starts = [start, *(i + after for i in inner for after in (0, 1))]
    ends = [*(i + after for i in inner for after in (0, 1)), end]
    return [_trimmed(text, a, b) for a in starts for b in ends if a < b]


def _ends(text: str, start: int, end: int) -> list[int]:
    return [end, *(match.start() for match in _OUTER.finditer(text, start, end))]


def _trimmed(text: str, start: int, end: int) -> str:
    """Return the stretch without punctuation and brackets that do not belong to a mention."""
    while start < end and text[start] in _LEADING:
        start += 1
    while start < end and text[end - 1] in _TRAILING:
        end -= 1
    inside = text[start:end]
    if inside[-1:] in (")", "]", "}") and inside.count(inside[-1]) > inside.count("([{"[")]}".index(inside[-1])]):
        return _trimmed(text, start, end - 1)
    if inside[:1] in ("(", "[", "{") and inside.count(inside[0]) > inside.count(")]}"["([{".index(inside[0])]):
        return _trimmed(text, start + 1, end)
    return inside
