"""The data sets of an experiment, opened once a process."""

from functools import lru_cache
from pathlib import Path

from allabel.schema import LabelSchema
from eval.datasets.base import DataSet
from eval.datasets.opening import open_data, open_files
from eval.datasets.places import root_folder
from eval.experiments.split import Split, draw
from eval.experiments.tables import DataTable


def opened(table: DataTable, beside: Path) -> DataSet:
    """Return the data set of a table. beside: the folder that relative paths start from."""
    return opened_and_told(table, beside)[0]


@lru_cache(maxsize=16)
def opened_and_told(table: DataTable, beside: Path) -> tuple[DataSet, tuple[str, ...]]:
    """Return the data set of a table, and what was left out of its files, in words."""
    told: list[str] = []
    if table.source:
        data = open_data(table.source, root=beside / table.root if table.root else None, tell=told.append)
    else:
        pool, test = ([beside / name for name in names] for names in (table.pool, table.test))
        data = open_files(pool, test, table.title, tell=told.append)
    return data, tuple(told)


# They share their documents, so that all of an experiment's are kept: the plan, its checks and the work ask for each.
@lru_cache(maxsize=64)
def split_of(table: DataTable, beside: Path, seed: int) -> Split:
    """Return the pool and the test texts of a seed."""
    data = opened(table, beside)
    return draw(data, table, seed, located(table, beside, table.folds) if table.folds else None)


def located(table: DataTable, beside: Path, name: str) -> Path:
    """Return the place of a file: beside the experiment's file, else in the folder of public corpora."""
    own = beside / name
    root = root_folder(beside / table.root if table.root else None)
    return own if own.exists() or root is None else root / name


def forget() -> None:
    """Read all data sets anew from now on: their files may have changed."""
    opened_and_told.cache_clear()
    split_of.cache_clear()


def schema_of(table: DataTable, beside: Path) -> LabelSchema:
    """Return the labels, with their definitions where the table names a file of them."""
    return LabelSchema.read(beside / table.labels) if table.labels else LabelSchema.of(opened(table, beside).labels)
