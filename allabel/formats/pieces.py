"""Tokens that cover a text without a gap, cut so that every entity begins and ends at a token's edge."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from allabel.document import Span


@dataclass(frozen=True, slots=True)
class Piece:
    """A token `[start, end)` in code points; `space`: one space follows that belongs to no token."""

    start: int
    end: int
    space: bool


def cut_pieces(text: str, words: Iterable[tuple[int, int]], spans: Sequence[Span]) -> list[Piece]:
    """Cut the text into pieces: at the words' edges and at the entities' edges.

    words: in order, none overlapping another. A lone space after a piece is no piece of its own, unless an entity
    begins with it or ends after it. The pieces with their spaces, joined, are the text.
    """
    begins, ends = {span.start for span in spans}, {span.end for span in spans}
    inner = {edge for word in words for edge in word}
    edges = sorted({0, len(text), *inner, *begins, *ends})
    pieces: list[Piece] = []
    free = False
    for start, end in pairwise(edges):
        lone = text[start:end] == " " and start not in begins and end not in ends
        if lone and free:
            pieces[-1] = Piece(pieces[-1].start, pieces[-1].end, True)
            free = False
            continue
        pieces.append(Piece(start, end, False))
        free = True
    return pieces
