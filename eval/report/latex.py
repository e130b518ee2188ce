"""The main table for a paper: LaTeX with the package booktabs."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

from allabel.formats.files import write_atomically
from eval.report.summary import Cells, Place, Summary, budgets, lines

# A control word ends at the braces, so that the letter after it stays a letter.
_ESCAPES = {
    **{sign: "\\" + sign for sign in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
}
_HEAD = r"""% \usepackage{booktabs}; \usepackage[T1]{fontenc}
% Micro F1 in points: the mean over seeds and half the width of its 95 % interval (seeds and test texts resampled)."""


def escaped(text: str) -> str:
    """Return the text so that LaTeX prints it as it is; line ends become blanks."""
    return "".join(_ESCAPES.get(sign, sign) for sign in " ".join(text.split()))


def table(found: Cells, summed: Sequence[Summary]) -> str:
    """Lay out micro F1 by data set, strategy and arm against budget: one tabular a data set."""
    by_place = {summary.place: summary for summary in summed}
    data_sets = dict.fromkeys(place.data for place in found)
    return "\n\n".join([_HEAD, *(_tabular(data, budgets(found, data), by_place) for data in data_sets)]) + "\n"


def write_latex(found: Cells, summed: Sequence[Summary], path: Path) -> None:
    """Write the table, whole or not at all. Raises InputError where it cannot be written."""
    with write_atomically(path) as file:
        file.write(table(found, summed))


def _tabular(data: str, columns: Sequence[str], by_place: Mapping[Place, Summary]) -> str:
    body: list[str] = []
    for strategy, group in groupby(lines(by_place, data), key=lambda line: line[0]):
        body += [r"\addlinespace"] if body else []
        for i, (_, arm) in enumerate(group):
            numbers = [_number(by_place.get(Place(data, strategy, budget, arm))) for budget in columns]
            body.append(" & ".join(["" if i else escaped(strategy), escaped(arm), *numbers]) + r" \\")
    return "\n".join(
        [
            f"% {' '.join(data.split())}",
            rf"\begin{{tabular}}{{ll{'r' * len(columns)}}}",
            r"\toprule",
            " & ".join(["Strategy", "Annotator", *map(escaped, columns)]) + r" \\",
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
        ]
    )


def _number(summary: Summary | None) -> str:
    if summary is None:
        return "--"
    f1 = summary.f1
    return rf"${100 * f1.difference:.1f} \pm {50 * (f1.high - f1.low):.1f}$"
