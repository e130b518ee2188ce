"""Lines of a token-per-line file, cut into sentences of columns."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from allabel.errors import InputError
from allabel.formats.conll.tags import is_tag

DOCUMENT_MARK = "-DOCSTART-"
Line = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Token:
    """One line: the token, its tag (`""` where the line has none), and its offsets where the file has them."""

    line: int
    text: str
    tag: str
    offsets: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Sentence:
    """The tokens between two blank lines; document counts the `-DOCSTART-` marks above, None in a file without."""

    tokens: tuple[Token, ...]
    document: int | None = None

    @property
    def line(self) -> int:
        """The line of the first token."""
        return self.tokens[0].line


@dataclass(frozen=True, slots=True)
class Layout:
    """What is one file's own: its separator, its number of columns, whether columns 2 and 3 are offsets."""

    tab: bool
    width: int
    offsets: bool
    marked: bool

    def cells(self, line: str) -> list[str]:
        """Split a line; the last cell is the tag, or missing. The first is the token, empty where there is none."""
        if self.tab:
            return line.split("\t")
        bare = line.rstrip(" ")
        if self.width > 2:
            return re.split(" +", bare)
        # The last space only: matscholar has tokens that hold spaces, and two spaces before the tag.
        token, space, tag = bare.rpartition(" ")
        if not space or (bare != line and not is_tag(tag)):
            return [bare]
        return [token.strip(" "), tag]


def layout_of(lines: Sequence[Line], file: Path) -> Layout:
    """Find the layout over the whole file. Raises InputError where no line has a second column."""
    rows = [line for _, line in lines if line.strip()]
    # A TAB at a line's edge parts nothing; an NBSP there may be a token, so it is not stripped.
    by_tab = [line.split("\t") for line in rows if "\t" in line.strip(" \t")]
    others = [re.split(" +", line.strip(" \t")) for line in rows if "\t" not in line.strip(" \t")]
    by_space = [len(cells) for cells in others if len(cells) > 1]
    # One stray TAB in a file of spaces must not turn every other line into a token without a tag.
    tab = bool(by_tab) and len(by_tab) >= len(by_space)
    widths = Counter(len(cells) for cells in by_tab) if tab else Counter(by_space)
    if not widths:
        if not rows:
            return Layout(tab=False, width=2, offsets=False, marked=False)
        raise InputError(
            "every line has one column, so there are no tags",
            file=file,
            remedy="plain text has the format text",
        )
    width = max(widths, key=lambda w: (widths[w], w))
    marked = any(line.startswith(DOCUMENT_MARK) for line in rows)
    unmarked = [cells for cells in by_tab if cells[0] != DOCUMENT_MARK]
    offsets = tab and width >= 4 and all(_has_offsets(cells) for cells in unmarked)
    return Layout(tab, width, offsets, marked)


def read_sentences(lines: Sequence[Line], layout: Layout, problems: list[str]) -> Iterator[Sentence]:
    """Yield the sentences; what was left out or filled in goes to `problems`, each with its line."""
    document = 0
    tokens: list[Token] = []
    for number, line in [*lines, (0, "")]:
        if line.strip() and not line.startswith(DOCUMENT_MARK):
            tokens += _token(number, layout.cells(line), layout, problems)
            continue
        if tokens:
            yield Sentence(tuple(tokens), document if layout.marked else None)
            tokens = []
        document += line.startswith(DOCUMENT_MARK)


def _token(number: int, cells: list[str], layout: Layout, problems: list[str]) -> Iterator[Token]:
    # Taken from the right, a short line's last cell would be another column; TAB files end it with an empty cell.
    tag = cells[-1].strip() if len(cells) >= layout.width else ""
    if not cells[0].strip(" "):
        problems.append(f"line {number} has no token and was left out")
        return
    if not tag:
        problems.append(f"line {number} has no tag and counts as O")
    # A line without a TAB has none, whatever the others have.
    offsets = (int(cells[1]), int(cells[2])) if layout.offsets and _has_offsets(cells) else None
    yield Token(number, cells[0], tag or "O", offsets)


def _has_offsets(cells: list[str]) -> bool:
    return len(cells) >= 3 and all(cell.isascii() and cell.isdigit() and len(cell) < 16 for cell in cells[1:3])
