"""Scores and errors as data frames: the numbers that `eval score` says, a row each."""

import sys

import pytest
from made_report import experiment

from allabel.document import DocId, Document, Span
from allabel.errors import MissingExtraError
from allabel.reply import Grounding, Proposal, Reply, Status
from eval import frames
from eval.pairing import Pair
from eval.report.flat import rows
from eval.score import score

TEXT = "NaCl and ZnCl2 in water"


def pair(gold: tuple[Span, ...], *found: tuple[int, int, str], status: Status = Status.OK) -> Pair:
    proposals = tuple(Proposal(x, TEXT[a:b], Span(a, b, x), Grounding.EXACT, 0.5) for a, b, x in found)
    return Pair(Document(DocId(f"d{len(gold)}{len(found)}"), TEXT, gold), Reply(status, proposals))


PAIRS = [
    pair((Span(0, 4, "Salt"), Span(9, 14, "Salt"), Span(18, 23, "Solvent")), (0, 4, "Salt"), (9, 13, "Salt")),
    pair((Span(0, 4, "Salt"),), (0, 4, "Solvent")),
    pair((), (18, 23, "Solvent"), status=Status.FAILED),
]


def test_scores_are_rows_equal_to_the_report():
    report = score(PAIRS)
    rows = frames.of_report(report).set_index(["measure", "label"])
    micro, salt = rows.loc[("strict", "")], rows.loc[("strict", "Salt")]
    assert (micro["f1"], micro["precision"]) == (report.strict.micro.f1, report.strict.micro.precision)
    assert (salt["right"], salt["predicted"], salt["gold"]) == (1, 2, 3)
    assert rows.loc[("strict_macro", ""), "f1"] == report.strict.macro_f1
    assert rows.loc[("partial", ""), "right"] == report.semeval.partial.credit == 2.5
    assert rows.loc[("value", ""), "f1"] == report.values.micro.f1


def test_gold_with_values_only_has_no_strict_rows():
    of_values = Pair(Document(DocId("v"), TEXT, values={"Salt": ("NaCl",)}), Reply(Status.OK))
    assert set(frames.of_report(score([of_values]))["measure"]) == {"value", "value_macro"}


def test_errors_are_rows_with_their_surroundings():
    found = frames.of_mistakes(PAIRS)
    assert list(found["kind"]) == ["boundary", "missed", "type"]
    first = found.iloc[0]
    assert (first["gold_text"], first["predicted_text"]) == ("ZnCl2", "ZnCl")
    assert first["context"] == TEXT
    assert found.iloc[1]["predicted_label"] == ""
    assert list(frames.of_mistakes([]).columns) == list(found.columns)


def test_cells_of_an_experiment_are_the_rows_of_its_csv():
    measured = experiment(n_docs=4).measured()
    assert [tuple(row) for row in frames.of_cells(measured).itertuples(index=False)] == list(rows(measured))


def test_without_pandas_its_installation_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtraError, match="pip install pandas"):
        frames.of_report(score(PAIRS))
