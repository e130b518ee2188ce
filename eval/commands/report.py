"""The command `allabel eval report`."""

from pathlib import Path

import click

from allabel.console import print_data, say
from allabel.manners import RUN_FOLDER, TARGET, examples, json_option


@click.command(
    epilog=examples(
        "allabel eval report runs/bc5cdr -o report.html",
        "allabel eval report runs/bc5cdr --csv cells.csv --parquet cells.parquet --latex table.tex",
    )
)
@click.argument("run_folder", type=RUN_FOLDER)
@click.option("-o", "--output", type=TARGET, help="Write the page to this file.")
@click.option("--csv", type=TARGET, help="Write every number of every cell as CSV.")
@click.option("--parquet", type=TARGET, help="The same as Parquet.")
@click.option("--latex", type=TARGET, help="Write the main table as LaTeX.")
@click.option("--record", type=TARGET, help="Add the scores to this file of runs.")
@json_option("one object with written, a list of files, and recorded, the file of runs or null.")
def report(
    run_folder: Path,
    output: Path | None,
    csv: Path | None,
    parquet: Path | None,
    latex: Path | None,
    record: Path | None,
    as_json: bool,
) -> None:
    """Report what an experiment in RUN_FOLDER has shown so far.

    The page is one HTML file that needs no network: the advice of each comparison first, then plan and cost, F1 with
    its intervals, curves, types, confusion, calibration, errors side by side, and the commands to repeat it. What is
    not done yet is said at its top. --record adds F1 of every cell to a file of runs, from which the page Compare of
    the app draws curves.
    """
    if not any((output, csv, parquet, latex, record)):
        raise click.UsageError("name what to write: -o, --csv, --parquet, --latex or --record")
    from eval.experiments.run_folder import RunFolder
    from eval.report.write import write

    run = RunFolder.open(run_folder)
    if record is not None:
        from eval.report.flat import record as add

        add(run.measured(), run.name, record)
        say(f"added to {record}")
    written = []
    if any((output, csv, parquet, latex)):
        for path in write(run, page=output, csv=csv, parquet=parquet, latex=latex):
            say(f"wrote {path}")
            written.append(str(path))
    if as_json:
        print_data({"written": written, "recorded": None if record is None else str(record)})
