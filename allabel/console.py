"""What the commands share: messages, text that is safe to print, data, opening a project, refusing a target in time."""

import difflib
import json
import os
import re
import unicodedata
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from allabel.errors import InputError, StoreError

if TYPE_CHECKING:
    from allabel.project import Project

OWN_FILES = (
    *("project.db", "project.db-wal", "project.db-shm"),
    *("labels.toml", "allabel.toml", "calibration.json", "tuned.json"),
)
SQLITE = b"SQLite format 3\0"
# Marks, embeddings, overrides and isolates of direction: they show a text in another order than it is stored in.
DIRECTING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
QUIET = "allabel.quiet"
_N_LISTED = 10_000


def say(message: str) -> None:
    """Tell the person at the terminal, whom names of files steer nowhere; standard output is for data.

    With --quiet nothing is said.
    """
    if not is_quiet():
        _tell("", "", message)


def warn(message: str) -> None:
    """Tell of something amiss though the work goes on, also with --quiet."""
    _tell("warning: ", "yellow", message)


def complain(message: str) -> None:
    """Tell why the work ended. The system's numbers of its errors are left out: its words stand beside them."""
    _tell("error: ", "red", re.sub(r"\[Errno -?\d+\] ", "", message))


def _tell(head: str, colour: str, message: str) -> None:
    first, *others = map(printable, message.split("\n"))
    # What is styled is ours: a message holds no escape sequence any more.
    marked = [_in_bold("  remedy: ", line) for line in others]
    styled = click.style(head, fg=colour, bold=True) if head else ""
    click.echo("\n".join([styled + first, *marked]), err=True, color=colours())


def _in_bold(head: str, line: str) -> str:
    return click.style(head, bold=True) + line.removeprefix(head) if line.startswith(head) else line


def is_quiet() -> bool:
    """Tell whether the command was begun with --quiet."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(QUIET))


def colours() -> bool | None:
    """Tell whether to colour: by NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE and CLICOLOR; None where a terminal decides.

    NO_COLOR goes before the others. Source: no-color.org, bixense.com/clicolors.
    """
    if os.environ.get("NO_COLOR"):
        return False
    if any(os.environ.get(name, "0") not in {"", "0"} for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return False if os.environ.get("CLICOLOR") == "0" or os.environ.get("TERM") == "dumb" else None


def print_data(data: Any) -> None:
    """Print one JSON value on standard output, in one line."""
    click.echo(json.dumps(data, ensure_ascii=False))


def printable(text: str) -> str:
    """Write out what would steer a terminal or turn the reading order, as `\\x1b`: the rest stays as it is.

    Those are control characters (line ends and tabs among them), line separators, the marks and overrides of
    direction, and lone surrogates.
    """
    return "".join(
        ascii(c)[1:-1] if c in DIRECTING or unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c for c in text
    )


def printable_lines(text: str) -> str:
    """Do what `printable` does to each line of a text, and keep its line ends."""
    return "\n".join(map(printable, text.split("\n")))


def names_in(folder: Path) -> list[str]:
    """Return the names of what lies in a folder, [] where it cannot be listed."""
    with suppress(OSError):
        return sorted(path.name for path in islice(folder.iterdir(), _N_LISTED))
    return []


def open_project(folder: Path, **flags: Any) -> "Project":
    """Open the project in a folder; flags override its settings. Where there is none, one nearby is named."""
    from allabel.project import LABELS, Project

    if not (folder / LABELS).exists() and (near := _projects_near(folder, LABELS)):
        raise StoreError("there is no project here", file=folder, remedy=f"did you mean -p {' or -p '.join(near)}?")
    return Project.open(folder, **flags)


def _projects_near(folder: Path, labels: str) -> list[str]:
    """Return up to three projects: in the folder where it is there, beside it and spelt alike where it is not."""
    at, names = (folder, names_in(folder)) if folder.is_dir() else (folder.parent, names_in(folder.parent))
    holding = [name for name in names if (at / name / labels).exists()]
    near = holding if folder.is_dir() else difflib.get_close_matches(folder.name, holding, n=3)
    return [str(at / name) for name in near[:3]]


def refuse_target(target: Path, folder: Path | None, source: Path | None) -> None:
    """Refuse now, and not after an hour of work, what cannot or must not be written."""
    own = [folder / name for name in OWN_FILES] if folder else []
    if target.resolve() in {path.resolve() for path in [*own, *([source] if source else [])]}:
        raise InputError("would be overwritten, and it is read here", file=target, remedy="name another file")
    if _is_of_a_project(target):
        raise InputError(
            "is a project's file or a database, and would be overwritten", file=target, remedy="name another file"
        )
    if target.is_dir():
        raise InputError("is a folder that is there already", file=target, remedy="name a new file, or a new folder")
    if not target.parent.is_dir():
        raise InputError("cannot be written", file=target, remedy="name a file in a folder that is there")


def _is_of_a_project(target: Path) -> bool:
    """Tell whether a file that is there belongs to some project, by its name, or is an SQLite database."""
    if not target.is_file():
        return False
    if {target.name, target.resolve().name} & set(OWN_FILES):
        return True
    try:
        with target.open("rb") as file:
            return file.read(len(SQLITE)) == SQLITE
    except OSError:
        return False  # what may be written and not read is no database that anybody works with


def refuse_none(n: int, what: str, folder: Path) -> None:
    """Refuse to write a file of nothing."""
    if not n:
        raise InputError(f"the project has no {what} to export", file=folder, remedy="see: allabel status")
