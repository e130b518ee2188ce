"""The embedded annotator's tokens: pieces of white-space chunks, fine enough for every annotated boundary."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from allabel.document import Span, longest_spans

_CHUNK = re.compile(r"\S+")
# A run of letters and digits with the marks that combine onto them, or one other character.
_PIECE = re.compile(r"[^\W_](?:[^\W_]|[\u0300-\u036f])*|\S")


class Piece(NamedTuple):
    """A token of a text: `text[start:end]`, the `nth` piece of its chunk; `word` is in lower case."""

    start: int
    end: int
    word: str
    chunk: str
    nth: int


@lru_cache(maxsize=1 << 17)
def chunk_pieces(chunk: str) -> tuple[tuple[int, int, str], ...]:
    """Return `(start, end, lower-case word)` of each piece: runs of letters and digits, other single characters."""
    return tuple((*match.span(), match[0].lower()) for match in _PIECE.finditer(chunk))


def pieces(text: str) -> list[Piece]:
    """Return the text's pieces in order, with offsets in code points."""
    found = []
    for match in _CHUNK.finditer(text):
        chunk, offset = match[0], match.start()
        for index, (start, end, word) in enumerate(chunk_pieces(chunk)):
            found.append(Piece(offset + start, offset + end, word, chunk, index))
    return found


def iob2(tokens: Sequence[Piece], spans: Iterable[Span]) -> list[str]:
    """Tag each piece `O`, `B-label` or `I-label`; a piece that a span cuts belongs to it. Spans must not overlap."""
    tags = ["O"] * len(tokens)
    remaining = iter(sorted(spans))
    span = next(remaining, None)
    began = False
    for i, token in enumerate(tokens):
        while span is not None and span.end <= token.start:
            span, began = next(remaining, None), False
        if span is not None and token.end > span.start:
            tags[i] = ("I-" if began else "B-") + span.label
            began = True
    return tags


def token_labels(text: str, spans: Iterable[Span]) -> list[str]:
    """Return the label of every piece of a text, `O` where there is no entity; what kappa and alpha are counted on.

    A piece that a span cuts bears its label; of overlapping spans the longest counts. Where one entity ends and another
    of its label begins cannot be seen here: that is what strict F1 is for.
    """
    tags = iob2(pieces(text), longest_spans(spans))
    return [tag if tag == "O" else tag[2:] for tag in tags]


def runs(tags: Sequence[str]) -> list[tuple[int, int, str]]:
    """Return `(first, last + 1, label)` of each entity among the tags; an orphan `I-` starts one."""
    found: list[tuple[int, int, str]] = []
    for i, tag in enumerate(tags):
        if tag == "O":
            continue
        prefix, label = tag.split("-", 1)
        if prefix == "I" and found and found[-1][1] == i and found[-1][2] == label:
            found[-1] = (found[-1][0], i + 1, label)
        else:
            found.append((i, i + 1, label))
    return found
