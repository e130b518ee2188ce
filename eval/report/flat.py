"""All cells as one long table: a row for each number of each cell, as CSV or Parquet."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from allabel.errors import MissingExtraError
from allabel.formats.files import write_atomically
from allabel.formats.spreadsheet import guarded
from allabel.runs import STRICT_MACRO, STRICT_MICRO, VALUE, Row, append, of_label
from eval.counts import Counts
from eval.experiments.measured import Measured


class Cell(NamedTuple):
    """One number: `value` of `metric` at a spot; `label` is "" where it is of all labels."""

    data: str
    seed: int
    strategy: str
    budget: str
    arm: str
    metric: str
    label: str
    value: float


def rows(measured: Sequence[Measured]) -> Iterator[Cell]:
    """Give micro and macro scores, those of each label, costs and counts of replies; unknown prices are left out."""
    for one in measured:
        spot = one.spot
        for metric, label, value in _numbers(one):
            yield Cell(spot.data, spot.seed, spot.strategy, spot.budget, spot.arm, metric, label, float(value))


def write_csv(measured: Sequence[Measured], path: Path) -> None:
    """Write the table as CSV, UTF-8, whole or not at all. Raises InputError where it cannot be written.

    A name that a spreadsheet would run as a formula has an apostrophe before it.
    """
    with write_atomically(path) as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(Cell._fields)
        table.writerows([guarded(x) if isinstance(x, str) else x for x in row] for row in rows(measured))


def record(measured: Sequence[Measured], run: str, path: Path) -> None:
    """Add F1 of every cell to a file of runs, from which the page Compare of the app draws curves.

    A method is an arm and what chose its texts. Raises InputError where the file cannot be written.
    """
    now = datetime.now(UTC)
    append(path, [row for one in measured for row in _rows(one, run, now)])


def _rows(one: Measured, run: str, now: datetime) -> Iterator[Row]:
    scores = one.scores
    found = {VALUE: scores.micro.f1}
    if not one.by_value:
        found = {STRICT_MICRO: scores.micro.f1, STRICT_MACRO: scores.macro_f1}
        found |= {of_label(label): counts.f1 for label, counts in scores.per_label.items()}
    method = f"{one.spot.arm}, {one.spot.strategy}"
    for metric, f1 in found.items():
        yield Row(
            run,
            method,
            one.spot.data,
            one.cost.n_texts,
            one.spot.seed,
            metric,
            f1,
            now,
            one.cost.n_tokens,
            {"minutes": one.cost.minutes},
        )


def write_parquet(measured: Sequence[Measured], path: Path) -> None:
    """Write the table as Parquet. Raises MissingExtraError without pyarrow, InputError where it cannot be written."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingExtraError("a Parquet file needs pyarrow: pip install 'allabel[eval]'") from error
    cells = list(rows(measured))
    columns = {name: [getattr(cell, name) for cell in cells] for name in Cell._fields}
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    with write_atomically(path) as file:
        file.buffer.write(sink.getvalue())


def _numbers(one: Measured) -> Iterator[tuple[str, str, float]]:
    scores = one.scores
    yield from _ratios("micro_", "", scores.micro)
    yield "macro_f1", "", scores.macro_f1
    for label, counts in scores.per_label.items():
        yield from _ratios("", label, counts)
        yield from (("true_positive", label, counts.true_positive), ("predicted", label, counts.predicted))
        yield "gold", label, counts.gold
    yield from ((name, "", value) for name, value in asdict(one.cost).items() if value is not None)
    yield from (("n_docs", "", len(one.docs)), ("n_failed", "", one.n_failed))
    yield from (("n_proposals", "", one.n_proposals), ("n_ungrounded", "", one.n_ungrounded))


def _ratios(prefix: str, label: str, counts: Counts) -> Iterator[tuple[str, str, float]]:
    for name in ("f1", "precision", "recall"):
        yield prefix + name, label, getattr(counts, name)
