"""The seam of this room: a format reads records and writes documents."""

from collections.abc import Iterable, Iterator
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
