"""What the commands share: messages, text that is safe to print, opening a project, refusing a target in time."""

import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from allabel.errors import InputError

if TYPE_CHECKING:
    from allabel.project import Project

OWN_FILES = (
    *("project.db", "project.db-wal", "project.db-shm"),
    *("labels.toml", "allabel.toml", "calibration.json", "tuned.json"),
)
SQLITE = b"SQLite format 3\0"
# Marks, embeddings, overrides and isolates of direction: they show a text in another order than it is stored in.
DIRECTING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
FOLDER = click.Path(path_type=Path)
FILE = click.Path(exists=True, path_type=Path)


def say(message: str) -> None:
    """Tell the person at the terminal, whom names of files steer nowhere; standard output is for data."""
    click.echo("\n".join(map(printable, message.split("\n"))), err=True)


def printable(text: str) -> str:
    """Write out what would steer a terminal or turn the reading order, as `\\x1b`: the rest stays as it is.

    Those are control characters (line ends and tabs among them), line separators, the marks and overrides of
    direction, and lone surrogates.
    """
    return "".join(
        ascii(c)[1:-1] if c in DIRECTING or unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c for c in text
    )


def open_project(folder: Path, **flags: Any) -> "Project":
    """Open the project in a folder; flags override its settings."""
    from allabel.project import Project

    return Project.open(folder, **flags)


def refuse_target(target: Path, folder: Path | None, source: Path | None) -> None:
    """Refuse now, and not after an hour of work, what cannot or must not be written."""
    own = [folder / name for name in OWN_FILES] if folder else []
    if target.resolve() in {path.resolve() for path in [*own, *([source] if source else [])]}:
        raise InputError("would be overwritten, and it is read here", file=target, remedy="name another file")
    if _is_of_a_project(target):
        raise InputError(
            "is a project's file or a database, and would be overwritten", file=target, remedy="name another file"
        )
    if target.is_dir() or not target.parent.is_dir():
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
