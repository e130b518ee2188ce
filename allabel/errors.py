"""What can go wrong, in words for the person who has to mend it."""

import difflib
from collections.abc import Iterable
from pathlib import Path

# A message names what a file holds, and a file may hold a name of a million letters.
LONGEST = 4000


def shortened(text: str) -> str:
    """Return a text that a person can still read: the beginning of one that is too long."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text) - LONGEST:,} characters more)"


def meant(name: str, known: Iterable[str]) -> str:
    """Return the question whether the nearest known name is meant, "" where none is near."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1) or difflib.get_close_matches(name.lower(), names, n=1)
    return f"did you mean {near[0]!r}?" if near else ""


class AllabelError(Exception):
    """The work failed; the command line exits with status 1."""

    exit_status = 1

    def __init__(self, message: str = "") -> None:
        super().__init__(shortened(message))


class InputError(AllabelError):
    """Something that was handed in is wrong: the message names file, line, value and remedy; exit status 2."""

    exit_status = 2

    def __init__(self, problem: str, *, file: Path | str | None = None, line: int | None = None, remedy: str = ""):
        problem, remedy = shortened(problem), shortened(remedy)
        where = "" if file is None else f"{file}, line {line}: " if line is not None else f"{file}: "
        Exception.__init__(self, where + problem + (f"\n  remedy: {remedy}" if remedy else ""))
        self.problem, self.file, self.line, self.remedy = problem, file, line, remedy


class SpanError(InputError):
    """A span that cannot be: empty, negative, or outside its text."""


class LabelError(InputError):
    """A label that the schema does not name."""


class BudgetError(InputError):
    """A budget that cannot be read or cannot be met."""


class StoreError(InputError):
    """A project that cannot be opened, read or written."""


class DatabaseError(StoreError):
    """A database that cannot answer just now, as it is locked, full or gone; what was asked may be asked again."""


class UnknownNameError(InputError):
    """A strategy, backend, retriever or format that nobody registered."""


class PluginError(InputError):
    """Code that is not allabel's own and cannot be used: it does not import, or is not what its name says."""


class MissingExtraError(InputError):
    """A feature whose optional packages are not installed."""


class ServerError(AllabelError):
    """A language-model server that cannot be reached or does not answer as it should."""
