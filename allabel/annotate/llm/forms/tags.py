"""Inline tags: `<<Label>>` and `<</Label>>` in a text, with backslashes where the text itself has `<<`."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from allabel.document import Span

# None of 14,000 texts of six data sets holds "<<"; "<nUm>", "[[4-", "##STR13##" and a lone "<" need no escape.
_PIECE = re.compile(
    r"(?P<slashes>\\*)<(?:<(?P<slash>/?)(?P<name>(?:[^\\<>/#]|\\.)(?:[^\\<>#]|\\.)*)(?:#(?P<n>\d+))?>>)?", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Literal:
    """Characters of the text."""

    text: str


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag that opens or closes an entity. n: tells it from an entity of the same label that it crosses, else "".

    start, end: where the tag stands in the content.
    """

    label: str
    n: str
    closes: bool
    start: int
    end: int


def pieces(content: str) -> Iterator[Literal | Tag]:
    """Read a marked text piece by piece; `<<` that begins no tag is text."""
    done = 0
    while found := _PIECE.search(content, done):
        n_slashes = len(found["slashes"])
        yield Literal(content[done : found.start()] + "\\" * (n_slashes // 2))
        after_one = found.start() + n_slashes + 1
        if n_slashes % 2 or found["name"] is None:
            yield Literal("<")
            done = after_one
        else:
            label = re.sub(r"\\(.)", r"\1", found["name"])
            yield Tag(label, found["n"] or "", found["slash"] == "/", after_one - 1, found.end())
            done = found.end()
    yield Literal(content[done:])


def marked(text: str, spans: Sequence[Span]) -> str:
    """Write a text with its spans marked. Of crossing spans of one label the later ones bear a number."""
    opening = sorted(set(spans), key=lambda span: (span.start, -span.end, span.label))
    names = {span: _name(span, opening, i) for i, span in enumerate(opening)}
    # Where several end, the last to open closes first; what ends stands before what begins.
    events = [(span.end, 0, -i, f"<</{names[span]}>>") for i, span in enumerate(opening)]
    events += [(span.start, 1, i, f"<<{names[span]}>>") for i, span in enumerate(opening)]
    written, done = [], 0
    for place, _, _, tag in sorted(events):
        written += [_escaped(text[done:place], before_tag=True), tag]
        done = place
    return "".join([*written, _escaped(text[done:], before_tag=False)])


def _name(span: Span, opening: Sequence[Span], i: int) -> str:
    name = re.sub(r"[\\<>#]|^/", r"\\\g<0>", span.label)
    crosses = any(x.label == span.label and x.start < span.start < x.end < span.end for x in opening[:i])
    return f"{name}#{i + 1}" if crosses else name


def _escaped(text: str, *, before_tag: bool) -> str:
    """Double the backslashes before `<`, and put one before a `<` that another follows, be it a tag's or the text's."""
    end = r"|\Z" if before_tag else ""
    doubled = re.sub(rf"\\+(?=<{end})", r"\g<0>\g<0>", text)
    return re.sub(rf"<(?=<{end})", r"\\<", doubled)
