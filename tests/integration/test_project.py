"""A project as a Python object: what goes in, what may be learnt from, what is shown again."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from allabel.document import DocId, Document, Span
from allabel.errors import InputError, LabelError, SpanError, StoreError
from allabel.formats.base import Record
from allabel.formats.registry import read_documents
from allabel.project import Project
from allabel.schema import LabelSchema

SCHEMA = LabelSchema.of(["Chemical", "Disease"])


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "project", SCHEMA) as made:
        yield made


@pytest.fixture
def sentences(bc5cdr: Callable[[str, int], list[Document]]) -> list[Record]:
    return [Record(n, document) for n, document in enumerate(bc5cdr("train", 120), start=1)]


FILE = Path("train.tsv")


def test_gold_is_no_demonstration_until_the_queued_texts_are_annotated(
    project: Project, sentences: list[Record]
) -> None:
    got = project.import_records(sentences, FILE)
    assert (got.read, got.new, got.answers, got.role) == (120, 120, 120, "gold")
    assert project.demonstrations() == []
    assert len(project.rest()) == 120
    picks = project.select("10", "uniform", 0).picks
    assert project.demonstrations() == []
    assert project.annotate_from_gold() == 10
    gold = {record.document.id: record.document.entities for record in sentences}
    assert {d.id: d.entities for d in project.demonstrations()} == {p.doc_id: gold[p.doc_id] for p in picks}
    assert len(project.rest()) == 110


def test_without_annotations_nothing_is_tagged_and_nothing_is_unsure(project: Project, sentences: list[Record]) -> None:
    project.import_records(sentences, FILE)
    with pytest.raises(InputError, match="learns from annotated texts"):
        list(project.tag(project.rest()))
    with pytest.raises(InputError, match="learns from annotated texts"):
        project.select("5", "perplexity", 0)
    assert project.counts().queued == 0


def test_the_papers_chain_stops_for_the_expert_and_then_goes_on(project: Project, sentences: list[Record]) -> None:
    project.import_records(sentences, FILE)
    first = project.select("20", "allabel", 0)
    assert [p.stage for p in first.picks] == ["core_set"] * 4 + ["sum_rank"] * 12
    assert (first.waiting_stage, first.n_waiting_for, first.repeated) == ("perplexity", 16, False)
    still = project.select("20", "allabel", 0)
    assert (still.picks, still.waiting_stage, still.n_waiting_for) == (first.picks, "perplexity", 16)
    project.annotate_from_gold()
    last = project.select("20", "allabel", 0)
    assert [p.stage for p in last.picks] == ["perplexity"] * 4
    assert [p.rank for p in (*first.picks, *last.picks)] == list(range(1, 21))
    assert (last.waiting_stage, last.repeated) == ("", False)
    again = project.select("20", "allabel", 0)
    assert again.repeated
    assert [p.doc_id for p in again.picks] == [p.doc_id for p in (*first.picks, *last.picks)]
    assert project.counts().queued == 4


def test_another_round_starts_when_it_is_asked_for(project: Project, sentences: list[Record]) -> None:
    project.import_records(sentences, FILE)
    first = project.select("10", "uniform", 0).picks
    more = project.select("10", "uniform", 0, more=True)
    assert not more.repeated
    assert len({p.doc_id for p in (*first, *more.picks)}) == 20


@pytest.mark.parametrize("budget", ["20tokens", "150tokens", "600tokens"])
def test_a_token_selection_is_complete_although_a_stage_could_afford_no_text(
    project: Project, sentences: list[Record], budget: str
) -> None:
    project.import_records(sentences, FILE)
    project.select(budget, "allabel", 0)
    project.annotate_from_gold()
    project.select(budget, "allabel", 0)
    project.annotate_from_gold()
    n_annotated = project.counts().annotated
    assert n_annotated > 0
    for _ in range(2):
        again = project.select(budget, "allabel", 0)
        assert again.repeated
        assert len(again.picks) == n_annotated
        assert project.counts().queued == 0
    spent = sum(len(d.text.split()) for d in project.store.documents() if d.id in {p.doc_id for p in again.picks})
    assert spent <= int(budget.removesuffix("tokens"))


def test_the_same_file_again_changes_nothing(project: Project, sentences: list[Record]) -> None:
    project.import_records(sentences, FILE)
    before = project.counts()
    assert project.import_records(sentences, FILE).new == 0
    assert project.counts() == before


def test_annotations_that_are_imported_are_demonstrations(project: Project, sentences: list[Record]) -> None:
    project.import_records(sentences[:5], FILE, "annotations")
    assert [d.id for d in project.demonstrations()] == [r.document.id for r in sentences[:5]]
    assert project.counts().gold == 0


def test_a_file_is_taken_whole_or_not_at_all(project: Project, sentences: list[Record]) -> None:
    bad = Document(DocId("bad"), "lead", (Span(0, 4, "Metal"),))
    with pytest.raises(LabelError, match="'Metal'"):
        project.import_records([*sentences[:5], Record(6, bad)], FILE)
    changed = Document(sentences[0].document.id, "another text")
    with pytest.raises(InputError, match=r"line 9.*another text.*line 1"):
        project.import_records([*sentences[5:9], *sentences[:1], Record(9, changed)], FILE)
    assert project.counts().documents == 0


OVERLAP = Record(3, Document(DocId("1"), "acetic acid", (Span(0, 6, "Disease"), Span(0, 11, "Chemical"))))


def test_overlapping_spans_are_refused_or_flattened_or_allowed_by_the_schema(project: Project, tmp_path: Path) -> None:
    with pytest.raises(SpanError, match=r"train.tsv, line 3: .*\[0, 6\).*\[0, 11\).*overlap") as refused:
        project.import_records([OVERLAP], FILE)
    assert "--flat" in refused.value.remedy
    project.import_records([OVERLAP], FILE, flat=True)
    assert project.store.gold()[DocId("1")].entities == (Span(0, 11, "Chemical"),)
    with Project.create(tmp_path / "nested", SCHEMA.model_copy(update={"overlap": True})) as nested:
        nested.import_records([OVERLAP], FILE)
        assert nested.store.gold()[DocId("1")].entities == OVERLAP.document.entities


def test_touching_spans_do_not_overlap(project: Project) -> None:
    touching = Document(DocId("1"), "acetic acid", (Span(0, 6, "Chemical"), Span(6, 11, "Chemical")))
    assert project.import_records([Record(1, touching)], FILE).answers == 1


def test_document_level_values_are_gold_but_no_annotation(project: Project) -> None:
    valued = Record(1, Document(DocId("1"), "TiO2 film", values={"Chemical": ("TiO2",)}))
    with pytest.raises(InputError, match="cannot be annotations"):
        project.import_records([valued], FILE, "annotations")
    project.import_records([valued], FILE)
    project.select("1", "uniform", 0)
    with pytest.raises(InputError, match="1 of 1 queued texts have no gold spans, '1' first"):
        project.annotate_from_gold()
    assert project.counts().annotated == 0


def test_a_project_opens_as_it_was_left(tmp_path: Path, sentences: list[Record]) -> None:
    with Project.create(tmp_path / "p", SCHEMA) as made:
        made.import_records(sentences, FILE)
        picks = made.select("10%", "allabel", 3).picks
        counts = made.counts()
    with Project.open(tmp_path / "p") as opened:
        assert opened.schema == made.schema
        assert opened.counts() == counts
        assert opened.select("10%", "allabel", 3).n_waiting_for == len(picks)


def test_a_folder_holds_one_project(tmp_path: Path) -> None:
    Project.create(tmp_path, SCHEMA).close()
    with pytest.raises(StoreError, match="there is a project already"):
        Project.create(tmp_path, SCHEMA)


def test_what_was_tagged_reads_back_with_its_offsets(project: Project, tmp_path: Path) -> None:
    lines = [
        {"id": "a", "text": "😀 NaCl was dried", "entities": [{"start": 2, "end": 6, "label": "Chemical"}]},
        {"id": "b", "text": "then KCl was dried", "entities": [{"start": 5, "end": 8, "label": "Chemical"}]},
        {"id": "c", "text": "e\u0301 LiCl\u00a0was\r\ndried"},
    ]
    file = tmp_path / "in.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    project.import_records(read_documents(file), file, "annotations")
    (tagged,) = project.tag(project.rest())
    assert (tagged.id, tagged.backend) == ("c", "embedded")
    assert [tagged.text[s.start : s.end] for s in tagged.reply.spans] == ["LiCl"]
    assert set(tagged.reply.demonstrations) <= {"a", "b"}


def test_texts_alone_are_taken_whatever_their_answers_say(project: Project) -> None:
    spoken = Document(DocId("s"), "NaCl in water", (Span(0, 4, "Salt"),), seconds=3.0)
    got = project.import_records([Record(1, spoken)], FILE, "texts")
    assert (got.new, got.answers, got.role) == (1, 0, "texts")
    assert project.store.gold() == {}
    assert project.store.documents() == [Document(DocId("s"), "NaCl in water")]
