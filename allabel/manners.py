"""How every command behaves: names that are mistyped, examples at the end of its help, data as JSON."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from allabel.console import names_in
from allabel.errors import meant

# In click 8.1 it takes no type.
if TYPE_CHECKING:
    _Choice = click.Choice[str]
else:
    _Choice = click.Choice
Command = TypeVar("Command", bound=Callable[..., Any])


class Group(click.Group):
    """A group that names the nearest command where one is mistyped, and the group that a command belongs to."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the first word names, and the words after it. Raises UsageError."""
        name = args[0]
        if ctx.resilient_parsing or name.startswith("-") or self.get_command(ctx, name) is not None:
            return super().resolve_command(ctx, args)
        raise click.UsageError(f"there is no command {name!r}; {self._hint(ctx, name)}", ctx)

    def _hint(self, ctx: click.Context, name: str) -> str:
        known = self.list_commands(ctx)
        groups = [(one, self.get_command(ctx, one)) for one in known]
        within = [f"{one} {name}" for one, group in groups if isinstance(group, click.Group) and name in group.commands]
        if within:
            return f"did you mean {within[0]!r}?"
        return meant(name, known) or f"there are {', '.join(known)}"


class OneOf(_Choice):
    """One of some words; where another is given, the nearest is named."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the word. Raises BadParameter."""
        if value not in self.choices:
            told = [f"{value!r} is none of {', '.join(map(repr, self.choices))}", meant(str(value), self.choices)]
            self.fail("; ".join(filter(None, told)), param, ctx)
        return super().convert(value, param, ctx)


class There(click.Path):
    """A file or folder that is there; where it is not, one beside it that is spelt alike is named."""

    def __init__(self, *, file_okay: bool = True, dir_okay: bool = True) -> None:
        super().__init__(exists=True, file_okay=file_okay, dir_okay=dir_okay, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path. Raises BadParameter."""
        path = Path(value)
        if not path.exists() and (near := meant(path.name, names_in(path.parent))):
            self.fail(f"there is no {str(path)!r}; {near}", param, ctx)
        return super().convert(value, param, ctx)


FILE = There()
FOLDER = click.Path(path_type=Path)
RUN_FOLDER = There(file_okay=False)
TARGET = click.Path(dir_okay=False, path_type=Path)


def examples(*lines: str) -> str:
    """Return the end of a command's help: command lines as they are typed."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def json_option(what: str) -> Callable[[Command], Command]:
    """Return the option --json. what: which keys are printed, for the help; they stay as they are."""
    return click.option("--json", "as_json", is_flag=True, help=f"Print data: {what}")
