"""The command line: `allabel`. Heavy rooms are imported by the commands that need them."""

import errno
import os
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from allabel import __version__, plugins
from allabel.commands.completion import completion
from allabel.commands.doctor import doctor
from allabel.commands.files import convert, export, import_
from allabel.console import QUIET, colours, complain, open_project, print_data, printable, say, warn
from allabel.errors import AllabelError, PluginError
from allabel.manners import FOLDER, Group, examples, json_option
from allabel.telemetry import report_nothing
from allabel.wording import counted

INTERRUPTED = 130


class Commands(Group):
    """The commands of this module and those of the entry points `allabel.commands`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return every command's name."""
        return sorted({*super().list_commands(ctx), *plugins.names("commands")})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by name, None where there is none."""
        own = super().get_command(ctx, cmd_name)
        if own is not None or cmd_name not in plugins.names("commands"):
            return own
        try:
            loaded: click.Command = plugins.load("commands", cmd_name)
        except PluginError as error:
            return _broken(cmd_name, error)
        return loaded


def _broken(name: str, error: PluginError) -> click.Command:
    """Return a command in place of another package's that cannot be loaded: it says why where it is called."""

    def tell() -> None:
        raise error

    anything = {"ignore_unknown_options": True, "allow_extra_args": True}
    return click.Command(name, context_settings=anything, callback=tell, help=f"Broken: {error.problem}")


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=examples(
        'allabel init my-project --labels "Reagent,Solvent,Product"',
        "allabel -p my-project import texts.txt",
        "allabel -p my-project select --budget 10%",
    ),
)
@click.option("-p", "--project", "folder", type=FOLDER, default=Path(), help="The project folder.  [default: here]")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing on standard error but warnings and errors.")
@click.version_option(__version__)
@click.pass_context
def cli(ctx: click.Context, folder: Path, quiet: bool) -> None:
    """Choose what to annotate, annotate it, and have the rest tagged by retrieved demonstrations.

    Each command's --help ends with examples. Data go to standard output, words to standard error. Exit status: 0 done,
    1 the work failed, 2 wrong use or bad input, 130 stopped by Ctrl+C.
    """
    ctx.obj = folder
    ctx.meta[QUIET] = quiet
    ctx.color = colours()


@cli.command(
    epilog=examples(
        'allabel init my-project --labels "Reagent,Solvent,Product"', "allabel init my-project --labels labels.toml"
    )
)
@click.argument("folder", type=FOLDER)
@click.option("--labels", required=True, help='A labels.toml, or names: "Chemical,Disease".')
@json_option("one object with folder and labels.")
def init(folder: Path, labels: str, as_json: bool) -> None:
    """Make a project in FOLDER."""
    from allabel.project import Project
    from allabel.schema import LabelSchema

    with Project.create(folder, LabelSchema.parse(labels)) as project:
        names = list(project.schema.names)
    say(f"made {folder} with the labels {', '.join(names)}")
    if as_json:
        print_data({"folder": str(folder), "labels": names})


@cli.command(epilog=examples("allabel -p trial annotate --from-gold"))
@click.option("--from-gold", is_flag=True, required=True, help="The gold of the queued texts becomes their annotation.")
@json_option("one object with annotated, the number of texts.")
@click.pass_obj
def annotate(folder: Path, from_gold: bool, as_json: bool) -> None:
    """Annotate what is queued, by the simulated expert. People annotate in the app: allabel app."""
    with open_project(folder) as project:
        n = project.annotate_from_gold()
    say(f"annotated {counted(n, 'text')} from gold")
    if as_json:
        print_data({"annotated": n})


for command in (import_, export, convert, doctor, completion):
    cli.add_command(command)


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    warn(str(message))


def main(arguments: Iterable[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 the work failed, 2 wrong use or bad input, 130 stopped by Ctrl+C."""
    warnings.showwarning = _show_warning
    report_nothing()
    sys.exit(_status(None if arguments is None else list(arguments)))


def _status(arguments: list[str] | None) -> int:
    """Run the command line, tell what went wrong, and return the exit status."""
    try:
        return int(cli.main(arguments, prog_name="allabel", standalone_mode=False) or 0)
    except (click.Abort, KeyboardInterrupt) as stop:
        # What is kept, and how to go on, the command has noted on it.
        kept: list[str] = getattr(stop.__cause__ or stop, "__notes__", [])
        click.echo(printable(": ".join(["stopped", *kept])), err=True)
        return INTERRUPTED
    except click.UsageError as error:
        return _wrong_use(error)
    except click.ClickException as error:
        complain(error.format_message())
        return error.exit_code
    except AllabelError as error:
        complain(str(error))
        return error.exit_status
    except OSError as error:
        return _of_the_system(error)


def _wrong_use(error: click.UsageError) -> int:
    # Without a command there is help in place of a complaint, which is no error's text.
    if error.ctx is None or isinstance(error, getattr(click.exceptions, "NoArgsIsHelpError", ())):
        error.show()
        return error.exit_code
    usage = error.ctx.get_usage().removeprefix("Usage: ")
    told = error.format_message()
    complain(f"{told[:1].lower()}{told[1:]}\n  usage: {usage}\n  remedy: {error.ctx.command_path} --help")
    return error.exit_code


def _of_the_system(error: OSError) -> int:
    """Tell of a file, a disk or a pipe that refuses; a reader that went away (`| head`) is told nothing."""
    # What is written to files goes with their names; standard output has none.
    where = error.filename or ("writing" if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EIO} else "the system")
    try:
        sys.stdout.flush()
    except OSError:
        # What could not be written is not tried again at the end, where Python would complain in words of its own.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if not isinstance(error, BrokenPipeError):
        complain(f"{where}: {error.strerror}")
    return 1
