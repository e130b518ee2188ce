"""The command `allabel eval report`."""

from pathlib import Path

import click


@click.command(
    epilog="""\b
Example:
  allabel eval report runs/bc5cdr -o report.html
  allabel eval report runs/bc5cdr --csv cells.csv --parquet cells.parquet --latex table.tex
"""
)
@click.argument("run_folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the page to this file.")
@click.option("--csv", type=click.Path(dir_okay=False, path_type=Path), help="Write every number of every cell as CSV.")
@click.option("--parquet", type=click.Path(dir_okay=False, path_type=Path), help="The same as Parquet.")
@click.option("--latex", type=click.Path(dir_okay=False, path_type=Path), help="Write the main table as LaTeX.")
@click.option("--record", type=click.Path(dir_okay=False, path_type=Path), help="Add the scores to this file of runs.")
def report(
    run_folder: Path,
    output: Path | None,
    csv: Path | None,
    parquet: Path | None,
    latex: Path | None,
    record: Path | None,
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
        click.echo(f"added to {record}", err=True)
    if not any((output, csv, parquet, latex)):
        return
    for path in write(run, page=output, csv=csv, parquet=parquet, latex=latex):
        click.echo(f"wrote {path}", err=True)
