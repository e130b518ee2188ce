"""The command `allabel eval run`."""

from pathlib import Path

import click


@click.command(
    epilog="""\b
Example:
  allabel eval run --list
  allabel eval run own_gold --show > main.toml
  allabel eval run main.toml --dry-run
  allabel eval run main.toml --jobs 2 --out runs/main
  allabel eval run runs/main
"""
)
@click.argument("experiment", type=click.Path(path_type=Path), required=False)
@click.option("-o", "--out", type=click.Path(file_okay=False, path_type=Path), help="[default: runs/NAME]")
@click.option("--dry-run", is_flag=True, help="Say what would be done and what it takes, and do nothing.")
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Processes at once.")
@click.option("--list", "list_ready", is_flag=True, help="Name the experiments that are ready to be run.")
@click.option("--show", is_flag=True, help="Print the experiment's file, to make one of your own of it.")
@click.option("--json", "as_json", is_flag=True, help="Print data on standard output.")
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
    import json

    from eval.experiments.checks import check
    from eval.experiments.forecast import forecast
    from eval.experiments.ready import found, ready
    from eval.experiments.run_folder import RunFolder
    from eval.experiments.running import run_missing

    if list_ready or experiment is None:
        for name, about in ready():
            click.echo(f"{name:20} {about}")
        return
    goes_on = RunFolder.is_one(experiment)
    read = RunFolder.open(experiment).experiment if goes_on else found(experiment)
    if show:
        click.echo(read.text, nl=False)
        return
    folder = experiment if goes_on else out or Path("runs") / experiment.stem
    begun = RunFolder.begin(folder, read)
    check(begun)
    expected = forecast(begun)
    click.echo(expected.in_words(), err=as_json)
    if dry_run:
        if as_json:
            click.echo(json.dumps(expected.to_dict()))
        return
    n_before, n_all = begun.n_missing, begun.n_planned
    try:
        ended = run_missing(begun, jobs, lambda line: click.echo(line, err=True))
    except KeyboardInterrupt:
        n_kept = n_all - begun.n_missing
        click.echo(f"stopped: {n_kept} of {n_all} results are kept; the same command goes on", err=True)
        raise
    if as_json:
        click.echo(json.dumps({"folder": str(folder), "done": ended.n_done, "failed": ended.failed}))
    else:
        click.echo(
            f"{n_all - begun.n_missing} of {n_all} results are there, {n_all - n_before} from before; "
            f"{len(ended.failed)} failed; in {folder}"
        )
        click.echo(begun.commands()[-1])
    if ended.failed:
        context.exit(1)
