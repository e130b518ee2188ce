"""Experiments that are ready to be run, by name: those of the papers, and ours."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

from allabel.errors import InputError
from allabel.plugins import nearest
from eval.experiments.experiment import Experiment

FOLDER = Path(__file__).parent / "ready_files"


def ready() -> Iterator[tuple[str, str]]:
    """Yield the name of each ready file and what it is."""
    for path in sorted(FOLDER.glob("*.toml")):
        yield path.stem, tomllib.loads(path.read_text(encoding="utf-8"))["name"]


def found(asked: Path) -> Experiment:
    """Read a file, or the ready one of this name, whose relative paths start from here.

    Raises InputError where there is neither.
    """
    if asked.exists():
        return Experiment.read(asked)
    own = FOLDER / f"{asked.name}.toml"
    if own.exists():
        return Experiment.read(own, Path())
    names = [name for name, _ in ready()]
    raise InputError("there is no such file", file=asked, remedy=f"name a file; or {nearest(str(asked), names)}")
