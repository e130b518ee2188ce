"""Spans for gold that says which strings a text holds, not where."""

import re
from collections.abc import Iterator, Mapping

from allabel.document import Span

# A shorter string inside a longer word is most often chance: "Co" in "Company".
_SHORTEST_WITHIN = 4


def verbatim_spans(text: str, values: Mapping[str, tuple[str, ...]], *, within_words: bool = True) -> tuple[Span, ...]:
    """Return every verbatim occurrence of each string, sorted; they may nest and overlap.

    An occurrence has no letter or digit beside it. within_words: a string of 4 or more characters that has none is
    marked inside longer words, as in plurals. The annotators did not mark single occurrences: this is an approximation.
    """
    found = {
        Span(start, end, label)
        for label, strings in values.items()
        for string in strings
        if string
        for start, end in _occurrences(text, string, within_words)
    }
    return tuple(sorted(found))


def _occurrences(text: str, string: str, within_words: bool) -> Iterator[tuple[int, int]]:
    verbatim = re.escape(string)
    found = [match.span() for match in re.finditer(rf"(?<![^\W_]){verbatim}(?![^\W_])", text)]
    if not found and within_words and len(string) >= _SHORTEST_WITHIN:
        found = [match.span() for match in re.finditer(verbatim, text)]
    yield from found
