"""Tagged documents as Parquet: what other tools read from it is what tagged JSONL says."""

import json
import sys
from pathlib import Path

import pytest

from allabel.bulk.writing import join, write_part
from allabel.document import DocId, Span
from allabel.errors import InputError, MissingExtraError
from allabel.formats.tagged import tagged_line
from allabel.reply import Grounding, Proposal, Reply, Shown, Status, TaggedDocument

pyarrow = pytest.importorskip("pyarrow", reason="the extra parquet is not installed")

TEXT = "🧪 NaCl in \u2028 water"


def tagged() -> list[TaggedDocument]:
    proposals = (
        Proposal("Chemical", "nacl", Span(2, 6, "Chemical"), Grounding.NORMALISED, 0.25),
        Proposal("Disease", "gout", None, Grounding.MISSING),
    )
    ok = Reply(Status.OK, proposals, 1.5, (Shown(DocId("d1")), Shown(DocId("d2"))), n_prompt_tokens=3)
    failed = Reply(Status.FAILED, error="not sent: x")
    return [
        TaggedDocument(DocId("1"), TEXT, ok, "chat", "m", {"page": 3, "é": [None]}),
        TaggedDocument(DocId("2"), "", Reply(Status.OK, perplexity=float("inf")), "embedded", "crf"),
        TaggedDocument(DocId("3"), "x", failed, "chat", "m"),
    ]


def test_a_row_says_what_a_line_of_tagged_jsonl_says(tmp_path: Path):
    import pyarrow.parquet as pq

    write_part(tagged(), tmp_path / "a.parquet", "parquet")
    rows = pq.read_table(tmp_path / "a.parquet").to_pylist()
    lines = [tagged_line(one) for one in tagged()]
    assert [row["id"] for row in rows] == ["1", "2", "3"]
    for row, line in zip(rows, lines, strict=True):
        for name in ("text", "status", "backend", "model", "perplexity", "demonstrations", "n_prompt_tokens"):
            assert row[name] == line[name]
        assert json.loads(row["meta"]) == line["meta"]
    (entity,) = rows[0]["entities"]
    assert entity == {
        **{"start": 2, "end": 6, "label": "Chemical", "text": "NaCl", "mention": "nacl", "score": 0.25},
        "grounding": "normalised",
    }
    assert rows[0]["ungrounded"] == [{"label": "Disease", "mention": "gout", "score": None, "grounding": None}]


def test_a_failed_reply_is_no_empty_annotation(tmp_path: Path):
    import pyarrow.parquet as pq

    write_part(tagged(), tmp_path / "a.parquet", "parquet")
    rows = pq.read_table(tmp_path / "a.parquet").to_pylist()
    assert [row["entities"] is None for row in rows] == [False, False, True]
    assert (rows[1]["entities"], rows[1]["error"], rows[2]["error"]) == ([], "", "not sent: x")


def test_joined_parts_have_every_row_once_and_types_that_do_not_depend_on_what_is_in_them(tmp_path: Path):
    import pyarrow.parquet as pq

    parts = [tmp_path / f"{n}.parquet" for n in range(3)]
    for part, one in zip(parts, tagged(), strict=True):
        write_part([one], part, "parquet")
    assert len({str(pq.read_schema(part)) for part in parts}) == 1
    join(parts, tmp_path / "all.parquet", "parquet")
    write_part(tagged(), tmp_path / "whole.parquet", "parquet")
    joined = pq.ParquetFile(tmp_path / "all.parquet")
    assert joined.metadata.num_row_groups == 3
    assert joined.read().to_pylist() == pq.read_table(tmp_path / "whole.parquet").to_pylist()


def test_a_part_is_written_whole_or_not_at_all(tmp_path: Path):
    half = [*tagged(), TaggedDocument(DocId("4"), "\ud800", Reply(Status.OK), "b", "m")]
    with pytest.raises(InputError, match="surrogate"):
        write_part(half, tmp_path / "a.parquet", "parquet")
    assert list(tmp_path.iterdir()) == []


def test_without_pyarrow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"allabel\[parquet\]"):
        write_part(tagged(), tmp_path / "a.parquet", "parquet")
