"""Rows of a CSV file, each with the line where it begins."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from allabel.errors import InputError
from allabel.formats.files import read_raw_lines

# The module's own limit is 128 KiB, less than a full-text paper; a cell of 64 MiB is a quote nobody closed.
_LONGEST_CELL = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one record and the line of its first cell."""

    line: int
    cells: list[str]


class Rows:
    """The records of a CSV file, blank ones as empty lists; knows at the end whether the last line was ended."""

    def __init__(self, path: Path):
        self.path = path
        self.ended = True

    def __iter__(self) -> Iterator[Row]:
        """Yield the records. Raises InputError with the line where quotes are wrong or never closed."""
        reader = csv.reader(self._lines(), strict=True)
        begins = 1
        while True:
            # The limit belongs to the whole process: it is raised for one record, and given back.
            limit = csv.field_size_limit(_LONGEST_CELL)
            try:
                cells = next(reader, None)
            except csv.Error as error:
                raise InputError(
                    f"is not CSV: {error} (the record begins at line {begins})",
                    file=self.path,
                    line=reader.line_num,
                    remedy='close every quote, and write a quote inside a cell twice: "say ""NaCl"""',
                ) from error
            finally:
                csv.field_size_limit(limit)
            if cells is None:
                return
            yield Row(begins, cells)
            begins = reader.line_num + 1

    def _lines(self) -> Iterator[str]:
        for _, line in read_raw_lines(self.path):
            self.ended = line.endswith("\n")
            yield line
