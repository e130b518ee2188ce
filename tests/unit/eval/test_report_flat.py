import csv
import sys

import pytest
from made_report import experiment

from allabel.errors import MissingExtraError
from eval.report.flat import rows, write_csv, write_parquet


def test_every_cell_gives_scores_of_all_and_of_each_label_and_its_costs() -> None:
    one = experiment(n_docs=8).measured()[5]
    found = {(row.metric, row.label): row.value for row in rows([one])}
    assert found["micro_f1", ""] == one.f1
    assert found["macro_f1", ""] == one.scores.macro_f1
    assert found["recall", "Gene"] == one.scores.per_label["Gene"].recall
    assert found["gold", "Gene"] == one.scores.per_label["Gene"].gold
    assert (found["n_texts", ""], found["minutes", ""], found["tag_s", ""]) == (20, 10, 2)
    assert ("money", "") not in found
    assert {(row.data, row.seed, row.budget) for row in rows([one])} == {("made", one.spot.seed, one.spot.budget)}


def test_csv_and_parquet_hold_the_same_table(tmp_path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    measured = experiment(n_docs=4).measured()
    write_csv(measured, tmp_path / "cells.csv")
    write_parquet(measured, tmp_path / "cells.parquet")
    with (tmp_path / "cells.csv").open(encoding="utf-8", newline="") as file:
        read = [{**row, "seed": int(row["seed"]), "value": float(row["value"])} for row in csv.DictReader(file)]
    assert (
        read == parquet.read_table(tmp_path / "cells.parquet").to_pylist() == [row._asdict() for row in rows(measured)]
    )


def test_without_pyarrow_the_remedy_is_named(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'allabel\[eval\]'"):
        write_parquet([], tmp_path / "cells.parquet")
