"""The seam of this room: a format reads records and writes documents."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from allabel.document import Document


@dataclass(frozen=True, slots=True)
class Record:
    """A document and the line of its file where it begins (1-based), so that later errors can name the place."""

    line: int
    document: Document


class Format(Protocol):
    """One file format, both ways."""

    name: str
    suffixes: tuple[str, ...]

    def read(self, path: Path) -> Iterator[Record]:
        """Yield the file's documents in order. Raises InputError naming file, line, value and remedy."""
        ...

    def write(self, documents: Iterable[Document], path: Path) -> None:
        """Write the documents whole or not at all: to a temporary file beside `path`, then renamed onto it."""
        ...


class FormatWarning(UserWarning):
    """Something in a file was left out or filled in; the rest was read or written as it stands."""


def warn_of(problems: Sequence[str], file: Path) -> None:
    """Say once a file how many problems it has and what the first is; say nothing where there are none."""
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        warnings.warn(f"{file}: {problems[0]}{more}", FormatWarning, stacklevel=3)
