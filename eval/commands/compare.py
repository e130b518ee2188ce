"""The command `allabel eval compare`."""

from pathlib import Path

import click

from allabel.console import print_data, say
from allabel.manners import RUN_FOLDER, examples, json_option


@click.command(
    short_help="Compare two arms of an experiment, with intervals.",
    epilog=examples(
        "allabel eval compare runs/main --a llm --b distilbert",
        "allabel eval compare runs/main --a llm --b distilbert --data bc5cdr --strategy allabel --json > compared.json",
        "allabel eval compare runs/main",
    ),
)
@click.argument("run_folder", type=RUN_FOLDER)
@click.option("--a", help="The one arm.  [default: the pairs in the experiment's file]")
@click.option("--b", help="The other arm.")
@click.option("--data", help="The data set.  [default: each that has both arms]")
@click.option("--strategy", help="What chose the texts.  [default: the first that both arms have]")
@json_option(
    "a list of objects, a comparison each, with data, strategy, a, b, curves, crossings, at_budgets, types, prices, "
    "routing, advice and notes."
)
def compare(
    run_folder: Path, a: str | None, b: str | None, data: str | None, strategy: str | None, as_json: bool
) -> None:
    """Compare two arms of the experiment in RUN_FOLDER: which way to go at which budget, and how sure that is.

    Prints F1 of both at each budget with the difference's 95 % interval and corrected p, the budget at which one
    overtakes the other in texts, tokens and minutes, types, prices, and what routing by type would gain.
    Only seeds and test texts that both arms have count; notes say what was left out.
    """
    # numpy stays out of `allabel --help`.
    from eval.compare.of_run import compare_run
    from eval.experiments.run_folder import RunFolder

    if (a is None) != (b is None):
        raise click.UsageError("--a and --b go together")
    pair = (a, b) if a is not None and b is not None else None
    run = RunFolder.open(run_folder)
    if run.n_missing:
        say(f"{run.n_missing} results are still to be had: this compares what is done")
    found = compare_run(run, pair, data=data, strategy=strategy)
    if as_json:
        print_data([one.to_dict() for one in found])
    else:
        click.echo("\n\n".join(one.render() for one in found))
