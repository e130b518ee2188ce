"""Every command of `allabel`, for tests that hold all of them to one manner."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from allabel.cli import cli

# What the examples name, in the folder that they are typed in.
NAMED_FILES = (
    *("texts.txt", "annotated.jsonl", "gold.jsonl", "gold.conll", "corpus.conll", "tasks.json", "tagged.jsonl"),
    *("train.conll", "test.conll", "my-project.zip", "main.toml", "labels.toml"),
)
NAMED_FOLDERS = ("runs/main", "runs/bc5cdr", "../shared/data")


def walked(group: click.Group = cli, path: str = "allabel") -> Iterator[tuple[str, click.Command]]:
    """Yield each command and group under its name as it is typed, this group itself first."""
    yield path, group
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from walked(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def examples_of(command: click.Command) -> list[list[str]]:
    """Return the arguments of each example in a command's help, without what a shell makes of it."""
    lines = [line.strip() for line in (command.epilog or "").splitlines() if line.startswith("  ")]
    assert all(line.startswith("allabel ") for line in lines), lines
    return [shlex.split(line.partition(" >")[0])[1:] for line in lines]


def folder_of_examples(folder: Path) -> Path:
    """Make the files and folders that examples name, empty, and return the folder to type them in."""
    here = folder / "here"
    for name in NAMED_FOLDERS:
        (here / name).mkdir(parents=True)
    for name in NAMED_FILES:
        (here / name).touch()
    return here
