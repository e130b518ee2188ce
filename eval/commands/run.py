"""The command `allabel eval run`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from allabel.completing import offering
from allabel.console import print_data, say
from allabel.manners import examples, json_option
from allabel.progress import with_time_left

if TYPE_CHECKING:
    from eval.experiments.experiment import Experiment
    from eval.experiments.run_folder import RunFolder


def names() -> list[str]:
    """Return the names of the experiments that are ready."""
    from eval.experiments.ready import ready

    return [name for name, _ in ready()]


@click.command(
    short_help="Run what is missing of an experiment.",
    epilog=examples(
        "allabel eval run --list",
        "allabel eval run own_gold --show > main.toml",
        "allabel eval run main.toml --dry-run",
        "allabel eval run main.toml --jobs 2 --out runs/main",
        "allabel eval run runs/main",
    ),
)
@click.argument("experiment", type=click.Path(path_type=Path), required=False, shell_complete=offering(names))
@click.option("-o", "--out", type=click.Path(file_okay=False, path_type=Path), help="[default: runs/NAME]")
@click.option("--dry-run", is_flag=True, help="Say what would be done and what it takes, and do nothing.")
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Processes at once.")
@click.option("--list", "list_ready", is_flag=True, help="Name the experiments that are ready to be run.")
@click.option("--show", is_flag=True, help="Print the experiment's file, to make one of your own of it.")
@json_option(
    "one object with folder, done and failed; with --dry-run one with arms and notes; with --list a list of objects "
    "with name and about."
)
@click.pass_context
def run(
    context: click.Context,
    experiment: Path | None,
    out: Path | None,
    dry_run: bool,
    jobs: int,
    list_ready: bool,
    show: bool,
    as_json: bool,
) -> None:
    """Run what is missing of an experiment: a TOML file, a ready one by name, or the folder of a run.

    The plan says what is to be done and what it takes. Every prediction is kept in the folder, and the same command
    goes on where it was stopped. Exit status 1 where something failed.
    """
    from eval.experiments.forecast import forecast
    from eval.experiments.running import run_missing

    if list_ready or experiment is None:
        _list(as_json=as_json)
        return
    read, folder = _read(experiment, out)
    if show:
        click.echo(read.text, nl=False)
        return
    begun = _begun(read, folder)
    expected = forecast(begun)
    (say if as_json else click.echo)(expected.in_words())
    if dry_run:
        if as_json:
            print_data(expected.to_dict())
        return
    n_before, n_all = begun.n_missing, begun.n_planned
    with _noted(begun):
        ended = run_missing(begun, jobs, with_time_left(say, n_before))
    if as_json:
        print_data({"folder": str(folder), "done": ended.n_done, "failed": ended.failed})
    else:
        click.echo(
            f"{n_all - begun.n_missing} of {n_all} results are there, {n_all - n_before} from before; "
            f"{len(ended.failed)} failed; in {folder}"
        )
        click.echo(begun.commands()[-1])
    if ended.failed:
        context.exit(1)


def _read(asked: Path, out: Path | None) -> "tuple[Experiment, Path]":
    """Return the experiment that a file, a name or the folder of a run stands for, and the folder of its results."""
    from allabel.errors import InputError
    from eval.experiments.ready import found
    from eval.experiments.run_folder import RunFolder

    if RunFolder.is_one(asked):
        return RunFolder.open(asked).experiment, asked
    if asked.is_dir():
        raise InputError("is a folder, and not one of a run", file=asked, remedy="name an experiment's file")
    return found(asked), out or Path("runs") / asked.stem


def _begun(read: "Experiment", folder: Path) -> "RunFolder":
    from eval.experiments.checks import check
    from eval.experiments.run_folder import RunFolder

    begun = RunFolder.begin(folder, read)
    check(begun)
    return begun


def _list(*, as_json: bool) -> None:
    from eval.experiments.ready import ready

    if as_json:
        print_data([{"name": name, "about": about} for name, about in ready()])
        return
    for name, about in ready():
        click.echo(f"{name:20} {about}")


@contextmanager
def _noted(begun: "RunFolder") -> Iterator[None]:
    """Note on what stops a run how much of it is kept."""
    try:
        yield
    except KeyboardInterrupt as stop:
        n_all = begun.n_planned
        stop.add_note(f"{n_all - begun.n_missing} of {n_all} results are kept; the same command goes on")
        raise
