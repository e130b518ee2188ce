"""Cells that a spreadsheet would run as formulas, guarded by an apostrophe, and read without it again."""

import re

# Excel and its kin take these for the beginning of a formula, the wide ones in East Asian settings; a tab or a line end
# before them is passed over.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_MARK = "'"


def is_formula(cell: str) -> bool:
    """Tell whether a spreadsheet might run a cell, or whether it looks like one that was guarded before."""
    return _FORMULA.match(cell) is not None


def guarded(cell: str) -> str:
    """Return a cell that every spreadsheet shows as text; `unguarded` gives the same cell back."""
    return _MARK + cell if is_formula(cell) else cell


def unguarded(cell: str) -> str:
    """Return a cell without the apostrophe that `guarded` put before it."""
    return cell[1:] if cell.startswith(_MARK) and is_formula(cell[1:]) else cell
