"""Plain-text tables for terminals: aligned, no colour, no trailing blanks."""

from collections.abc import Sequence
from itertools import zip_longest

Row = list[str]


def aligned(rows: Sequence[Row], *, right: bool = True) -> str:
    """Align the columns, two blanks between them; the first to the left, the others to the right if `right`.

    A row may be shorter than the others.
    """
    widths = [max(map(len, column)) for column in zip_longest(*rows, fillvalue="")]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if right and i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=False))
        ).rstrip()
        for row in rows
    )
