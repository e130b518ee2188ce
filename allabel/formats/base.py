"""The seam of this room: a format reads records and writes documents."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class Losses:
    """What a file cannot hold, counted while it is written and told once at its end."""

    file: Path
    counts: dict[str, int] = field(default_factory=dict)
    first: dict[str, str] = field(default_factory=dict)

    def add(self, what: str, where: str, n: int = 1) -> None:
        """Count something that is lost; `where` is told of the first of its kind."""
        if n:
            self.counts[what] = self.counts.get(what, 0) + n
            self.first.setdefault(what, where)

    def of_document(self, document: Document, *, meta: bool = True) -> None:
        """Count values, times and, but where the format keeps it, meta: what most formats leave out of a document."""
        name = f"document {document.id!r}"
        self.add("answers without offsets (`values`) left out", name, int(document.values is not None))
        self.add("times (`seconds`) left out", name, int(document.seconds is not None))
        self.add("`meta` left out", name, int(meta and bool(document.meta)))

    def tell(self) -> None:
        """Warn once, of all kinds; say nothing where nothing was lost."""
        if self.counts:
            told = "; ".join(f"{n} {what} (first: {self.first[what]})" for what, n in self.counts.items())
            warnings.warn(f"{self.file}: {told}", FormatWarning, stacklevel=3)
