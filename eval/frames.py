"""Scores, errors and cells of experiments as pandas data frames; pandas is imported when one is asked for."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from allabel.frames import frame
from eval.counts import Counts, Scores
from eval.experiments.measured import Measured
from eval.mistakes import mistakes
from eval.pairing import Pair
from eval.report.flat import rows
from eval.score_text import Report

if TYPE_CHECKING:
    import pandas as pd

SCORES = {
    "measure": "str",
    "label": "str",
    "precision": "float64",
    "recall": "float64",
    "f1": "float64",
    "right": "float64",
    "predicted": "Int64",
    "gold": "Int64",
}
ERRORS = {
    "id": "str",
    "kind": "str",
    "gold_label": "str",
    "gold_text": "str",
    "predicted_label": "str",
    "predicted_text": "str",
    "context": "str",
}
CELLS = {
    "data": "str",
    "seed": "int64",
    "strategy": "str",
    "budget": "str",
    "arm": "str",
    "metric": "str",
    "label": "str",
    "value": "float64",
}
_Row = tuple[Any, ...]


def of_report(report: Report) -> "pd.DataFrame":
    """Return a row for each measure and label; label "" is all labels together, micro-averaged.

    measure: strict, partial, type, exact, value; `strict_macro` and `value_macro` have F1 alone. right: true positives,
    or credit, in which a partial match counts half. Raises MissingExtraError without pandas.
    """
    found: list[_Row] = []
    if report.strict is not None:
        found += _scores("strict", report.strict)
    if report.semeval is not None:
        tallies = {"partial": report.semeval.partial, "type": report.semeval.type, "exact": report.semeval.exact}
        found += [(n, "", t.precision, t.recall, t.f1, t.credit, t.actual, t.possible) for n, t in tallies.items()]
    return frame([*found, *_scores("value", report.values)], SCORES)


def of_mistakes(pairs: Iterable[Pair]) -> "pd.DataFrame":
    """Return one row an error, as `eval score --errors` writes them; "" where a side has nothing.

    context: the text around both sides, "" for gold without offsets. Raises MissingExtraError without pandas.
    """
    found: list[_Row] = []
    for pair in pairs:
        for error in mistakes(pair):
            gold, predicted = ((side or {}) for side in (error["gold"], error["predicted"]))
            texts = (side.get(key, "") for side in (gold, predicted) for key in ("label", "text"))
            found.append((error["id"], error["kind"], *texts, error["context"] or ""))
    return frame(found, ERRORS)


def of_cells(measured: Sequence[Measured]) -> "pd.DataFrame":
    """Return one row a number of each cell of an experiment, as `eval report --csv` writes them.

    Raises MissingExtraError without pandas.
    """
    return frame(rows(measured), CELLS)


def _scores(measure: str, scores: Scores) -> Iterator[_Row]:
    yield _counts(measure, "", scores.micro)
    yield f"{measure}_macro", "", None, None, scores.macro_f1, None, None, None
    yield from (_counts(measure, label, counts) for label, counts in scores.per_label.items())


def _counts(measure: str, label: str, counts: Counts) -> _Row:
    ratios = counts.precision, counts.recall, counts.f1
    return measure, label, *ratios, counts.true_positive, counts.predicted, counts.gold
