"""Writing a report in the forms that are asked for."""

from collections.abc import Iterator
from pathlib import Path

from allabel.errors import InputError
from eval.report.flat import write_csv, write_parquet
from eval.report.latex import write_latex
from eval.report.material import Material
from eval.report.page import plotly_script, write_page
from eval.report.part import parts
from eval.report.summary import cells, summaries


def write(
    material: Material,
    *,
    page: Path | None = None,
    csv: Path | None = None,
    parquet: Path | None = None,
    latex: Path | None = None,
) -> Iterator[Path]:
    """Write each form that has a path, and yield the path once its file is there.

    The same results give the same files. Raises InputError where nothing is done yet or a file cannot be written,
    MissingExtraError where plotly or pyarrow is asked for and not installed.
    """
    measured = material.measured()
    if not measured and not material.rounds():
        raise InputError(f"nothing of {material.name!r} is done yet", remedy="run it first: allabel eval run")
    # What is not installed is told before minutes of resampling.
    plotly = plotly_script() if page else ""
    if csv:
        write_csv(measured, csv)
        yield csv
    if parquet:
        write_parquet(measured, parquet)
        yield parquet
    if not (latex or page):
        return
    found = cells(measured)
    summed = summaries(found)
    if latex:
        write_latex(found, summed, latex)
        yield latex
    if page:
        write_page(material, parts(material, measured, found, summed), plotly, page)
        yield page
