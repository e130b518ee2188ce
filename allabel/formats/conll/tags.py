"""Tags to spans of tokens and back, in the four schemes people use."""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from allabel.document import Span
from allabel.errors import InputError

# A tag splits at its first hyphen only: B-Multi-tissue_structure is one type.
_TAG = re.compile(r"([BIESLU])-(.+)", re.DOTALL)


class Scheme(StrEnum):
    """How tags mark where an entity begins and ends."""

    IOB1 = "IOB1"
    IOB2 = "IOB2"
    IOBES = "IOBES"
    BILOU = "BILOU"


def is_tag(cell: str) -> bool:
    """True for `O` and for a prefix, a hyphen and a type."""
    return cell == "O" or _TAG.fullmatch(cell) is not None


class TagCheck:
    """Looks at every tag of a file and knows its scheme at the end; a tag that cannot be dies here, with its line.

    noun: what the numbers count, `line`, or `row` in a file without lines.
    """

    def __init__(self, file: Path, noun: str = "line"):
        self._file, self._noun = file, noun
        self._ends: dict[str, tuple[int, str]] = {}
        self._has_orphan = self._has_leading_b = False

    def see(self, tags: Sequence[str], lines: Sequence[int]) -> None:
        """Take one sentence's tags and the line of each. Raises InputError on no tag and on two schemes in one file."""
        before = ("O", "")
        for tag, line in zip(tags, lines, strict=True):
            if not is_tag(tag):
                raise InputError(
                    f"the last column holds {tag!r}, which is neither O nor a prefix and a type such as B-Chemical",
                    file=self._file,
                    line=line,
                    remedy="put the tag last (prefixes B I O E S L U); a file of plain sentences has the format text",
                )
            now = split_tag(tag)
            self._note(now, before, tag, line)
            before = now

    def _note(self, now: tuple[str, str], before: tuple[str, str], tag: str, line: int) -> None:
        prefix, entity_type = now
        same = before[0] != "O" and before[1] == entity_type
        if prefix == "I" and not same:
            self._has_orphan = True
        elif prefix == "B" and not same:
            self._has_leading_b = True
        elif prefix in "ESLU":
            self._ends.setdefault("IOBES" if prefix in "ES" else "BILOU", (line, tag))
            if len(self._ends) == 2:
                self._refuse_two_schemes()

    def _refuse_two_schemes(self) -> None:
        (_, earlier), (_, (line, tag)) = self._ends.items()
        by_line = self._noun == "line"
        raise InputError(
            f"{'' if by_line else f'{self._noun} {line}: '}the tag {tag!r} and the tag {earlier[1]!r} of "
            f"{self._noun} {earlier[0]} belong to two schemes",
            file=self._file,
            line=line if by_line else None,
            remedy="write the file in one scheme: S- and E- are IOBES, U- and L- are BILOU",
        )

    @property
    def scheme(self) -> Scheme:
        """The scheme of all tags seen; IOB1 only where no `B-` opens an entity after `O` or another type."""
        if self._ends:
            return Scheme(next(iter(self._ends)))
        return Scheme.IOB1 if self._has_orphan and not self._has_leading_b else Scheme.IOB2


@lru_cache(maxsize=4096)
def split_tag(tag: str) -> tuple[str, str]:
    """Split a tag into prefix and type; `O` has the empty type."""
    found = _TAG.fullmatch(tag)
    return (found[1], found[2]) if found else ("O", "")


def decode(tags: Iterable[str]) -> list[Span]:
    """Give the spans of token indices that the tags mark, whichever of the four schemes they are in.

    One rule serves all: B, S and U begin an entity, E, L, S and U end it, another type or `O` ends it too, and an I
    (or E, L) that continues nothing begins one.
    """
    spans: list[Span] = []
    start, current = 0, ""
    index = -1
    for index, tag in enumerate(tags):
        prefix, entity_type = split_tag(tag)
        if current and (prefix in "BSU" or entity_type != current):
            spans.append(Span(start, index, current))
            current = ""
        if entity_type and not current:
            start, current = index, entity_type
        if prefix in "ESLU":
            spans.append(Span(start, index + 1, current))
            current = ""
    if current:
        spans.append(Span(start, index + 1, current))
    return spans


def encode(spans: Iterable[Span], n_tokens: int, scheme: Scheme = Scheme.IOB2) -> list[str]:
    """Give one tag a token, from which `decode` makes the same spans.

    spans: of token indices, none overlapping another.
    """
    tags = ["O"] * n_tokens
    last, single = {Scheme.IOBES: ("E", "S"), Scheme.BILOU: ("L", "U")}.get(scheme, ("I", "B"))
    before: Span | None = None
    for span in sorted(spans):
        tags[span.start : span.end] = [f"I-{span.label}"] * (span.end - span.start)
        tags[span.end - 1] = f"{last}-{span.label}"
        touches = before is not None and before.end == span.start and before.label == span.label
        if scheme is not Scheme.IOB1 or touches:
            tags[span.start] = f"{single if span.end - span.start == 1 else 'B'}-{span.label}"
        before = span
    return tags
