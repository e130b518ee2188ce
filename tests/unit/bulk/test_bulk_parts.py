"""Blocks, the manifest beside them, what counts as done, and joining."""

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from filelock import Timeout

from allabel.annotate.base import Demonstration
from allabel.annotate.embedded import EmbeddedAnnotator
from allabel.bulk.notes import Tally
from allabel.bulk.parts import DONE, MANIFEST, Parts
from allabel.bulk.plan import Plan
from allabel.bulk.run import Target
from allabel.bulk.source import Source
from allabel.bulk.task import Task
from allabel.bulk.writing import format_of, join, write_part
from allabel.calibrating import Calibrations
from allabel.config import Settings
from allabel.document import DocId, Span
from allabel.errors import InputError
from allabel.formats.tagged import read_tagged, write_tagged
from allabel.reply import Grounding, Proposal, Reply, Status, TaggedDocument
from allabel.schema import LabelSchema

NACL = Demonstration(DocId("d"), "NaCl in water", (Span(0, 4, "Chemical"),))


def task(shown: Demonstration = NACL, **settings: Any) -> Task:
    return Task(LabelSchema.parse("Chemical"), Settings(**settings), (shown,), Calibrations())


def texts(folder: Path, n: int, name: str = "texts.jsonl") -> Path:
    file = folder / name
    lines = [{"id": str(i), "text": f"NaCl, step {i}", "meta": {"n": i}} for i in range(n)]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return file


def plan(file: Path, of: Task | None = None, size: int = 4, format: Any = "jsonl") -> Plan:
    return Plan.of(of or task(), EmbeddedAnnotator(), file, Source(file).survey(), size, format)


def tagged(id: str, status: Status = Status.OK, error: str = "") -> TaggedDocument:
    found = Proposal("Chemical", "NaCl", Span(0, 4, "Chemical"), Grounding.EXACT, 0.5)
    reply = Reply(status, (found,) if status is Status.OK else (), error=error)
    return TaggedDocument(DocId(id), "NaCl", reply, "b", "m", {"n": 1})


@pytest.mark.parametrize(("n", "sizes"), [(1, [1]), (4, [4]), (5, [4, 1]), (8, [4, 4]), (9, [4, 4, 1])])
def test_every_document_is_in_one_block_in_order(n: int, sizes: list[int], tmp_path: Path):
    file = texts(tmp_path, n)
    source, made = Source(file), plan(file)
    blocks = list(source.blocks(4, range(n), source.survey()))
    assert [len(block.documents) for block in blocks] == sizes == [made.size_of(i) for i in range(made.n_blocks)]
    assert [d.id for block in blocks for d in block.documents] == [str(i) for i in range(n)]
    assert [block.number for block in blocks] == list(range(made.n_blocks))


def test_only_the_wanted_blocks_are_given(tmp_path: Path):
    source = Source(texts(tmp_path, 10))
    blocks = list(source.blocks(4, {2}, source.survey()))
    assert [(block.number, [d.id for d in block.documents]) for block in blocks] == [(2, ["8", "9"])]


def test_a_broken_line_is_found_before_anything_is_tagged(tmp_path: Path):
    file = texts(tmp_path, 10)
    file.write_text(file.read_text(encoding="utf-8") + "{broken\n", encoding="utf-8")
    with pytest.raises(InputError, match="line 11"):
        Source(file).survey()


def test_a_file_that_changes_while_it_is_tagged_is_told(tmp_path: Path):
    source = Source(texts(tmp_path, 10))
    survey = source.survey()
    texts(tmp_path, 11)
    with pytest.raises(InputError, match="changed while it was tagged"):
        list(source.blocks(4, range(9), survey))


def test_an_estimate_is_made_from_texts_spread_over_a_file_of_any_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("allabel.bulk.source.SAMPLE", 10)
    survey = Source(texts(tmp_path, 1000)).survey()
    ids = [int(d.id) for d in survey.sample]
    assert survey.n_documents == 1000
    assert 10 <= len(ids) <= 20
    assert len({b - a for a, b in itertools.pairwise(ids)}) == 1
    assert ids[-1] > 900


def test_a_run_goes_on_where_what_decides_it_is_the_same(tmp_path: Path):
    file = texts(tmp_path, 9)
    with Parts.opened(tmp_path / "p", plan(file)) as parts:
        assert parts.missing() == [0, 1, 2]
        write_part([tagged("4")], parts.path(1), "jsonl")
        parts.note(1, Tally.of([tagged("4")]))
    # Under another name, and with what only changes how fast it goes.
    moved = texts(tmp_path, 9, "moved.jsonl")
    with Parts.opened(tmp_path / "p", plan(moved, task(concurrency=99, timeout_s=5))) as parts:
        assert parts.missing() == [0, 2]


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"size": 5}, "block_size was 4, now 5"),
        ({"of": task(shots=3)}, "shots was 5, now 3"),
        ({"of": task(replace(NACL, entities=()))}, "the demonstrations"),
        ({"of": replace(task(), schema=LabelSchema.parse("Chemical,Disease"))}, "the labels"),
        ({"of": task(backend="chat", base_url="http://b/v1")}, "backend was 'embedded', now 'chat'"),
        ({"format": "parquet"}, "format was 'jsonl', now 'parquet'"),
    ],
)
def test_parts_of_another_run_are_refused_with_what_differs_and_the_way_out(
    other: dict[str, Any], says: str, tmp_path: Path
):
    file = texts(tmp_path, 9)
    with Parts.opened(tmp_path / "p", plan(file)):
        pass
    with pytest.raises(InputError) as caught, Parts.opened(tmp_path / "p", plan(file, **other)):
        pass
    assert says in caught.value.problem
    assert "remove this folder" in caught.value.remedy


def test_parts_of_another_text_are_refused(tmp_path: Path):
    with Parts.opened(tmp_path / "p", plan(texts(tmp_path, 9))):
        pass
    file = texts(tmp_path, 9)
    file.write_text(file.read_text(encoding="utf-8").replace("step 8", "step 9"), encoding="utf-8")
    with pytest.raises(InputError, match="what differs: the texts"), Parts.opened(tmp_path / "p", plan(file)):
        pass


def test_servers_are_a_set_and_their_order_makes_no_other_run(tmp_path: Path):
    file = texts(tmp_path, 1)

    def decided(base_url: str) -> Any:
        return plan(file, task(backend="chat", base_url=base_url)).decided_by["base_url"]

    assert decided("http://a/v1,http://b/v1") == decided("http://b/v1/ http://a/v1")
    assert decided("http://a/v1,http://b/v1") != decided("http://a/v1")


def test_a_password_in_a_servers_address_is_not_written_down(tmp_path: Path):
    made = plan(texts(tmp_path, 1), task(backend="chat", base_url="https://me:secret@a/v1?key=secret"))
    with Parts.opened(tmp_path / "p", made):
        assert "secret" not in (tmp_path / "p" / MANIFEST).read_text(encoding="utf-8")


def test_a_lock_that_the_work_itself_waits_for_in_vain_is_no_other_run(tmp_path: Path):
    with pytest.raises(Timeout), Parts.opened(tmp_path / "p", plan(texts(tmp_path, 1))):
        raise Timeout("elsewhere")


def test_a_folder_with_other_files_is_refused(tmp_path: Path):
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "mine.txt").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match=r"mine\.txt"), Parts.opened(tmp_path / "p", plan(texts(tmp_path, 9))):
        pass
    assert [path.name for path in (tmp_path / "p").iterdir()] == ["mine.txt"]


def test_two_runs_are_not_at_work_on_one_folder(tmp_path: Path):
    made = plan(texts(tmp_path, 9))
    with (
        Parts.opened(tmp_path / "p", made),
        pytest.raises(InputError, match="another run is at work"),
        Parts.opened(tmp_path / "p", made),
    ):
        pass


def test_a_block_with_a_failed_reply_is_not_done_and_one_with_a_refusal_is(tmp_path: Path):
    made = plan(texts(tmp_path, 9))
    failed, refused = tagged("0", Status.FAILED, "not sent: x"), tagged("4", Status.REFUSED, "no")
    with Parts.opened(tmp_path / "p", made) as parts:
        for number, one in enumerate((failed, refused, tagged("8"))):
            write_part([one], parts.path(number), "jsonl")
            parts.note(number, Tally.of([one]))
        total = parts.total()
    assert (total.n, total.n_not_ok, total.n_failed, total.n_unsent) == (3, 2, 1, 1)
    assert total.first == ("0", "failed", "not sent: x")
    with Parts.opened(tmp_path / "p", made) as parts:
        assert parts.missing() == [0]
        write_part([tagged("0")], parts.path(0), "jsonl")
        parts.note(0, Tally.of([tagged("0")]))
        assert parts.missing() == []
        assert parts.total().n_failed == 0


def test_a_note_that_a_kill_cut_off_and_a_part_that_is_gone_are_not_done(tmp_path: Path):
    made = plan(texts(tmp_path, 9))
    with Parts.opened(tmp_path / "p", made) as parts:
        for number in range(3):
            write_part([tagged("x")], parts.path(number), "jsonl")
            parts.note(number, Tally.of([tagged("x")]))
    log = tmp_path / "p" / DONE
    log.write_bytes(log.read_bytes()[:-9])
    (tmp_path / "p" / "part-00000.jsonl").unlink()
    (tmp_path / "p" / ".0123456789ab.tmp").write_text("half", encoding="utf-8")
    with Parts.opened(tmp_path / "p", made) as parts:
        assert parts.missing() == [0, 2]
        parts.note(2, Tally.of([tagged("x")]))
    assert not list((tmp_path / "p").glob(".*.tmp"))
    with Parts.opened(tmp_path / "p", made) as parts:
        assert parts.missing() == [0]


def test_a_manifest_that_cannot_be_read_is_named(tmp_path: Path):
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / MANIFEST).write_text("{", encoding="utf-8")
    with (
        pytest.raises(InputError, match=MANIFEST),
        Parts.opened(tmp_path / "p", plan(texts(tmp_path, 9))),
    ):
        pass


def test_joined_parts_are_the_bytes_of_one_file(tmp_path: Path):
    every = [tagged(str(i)) for i in range(7)]
    write_tagged(every, tmp_path / "whole.jsonl")
    for number, part in enumerate((every[:3], every[3:6], every[6:])):
        write_part(part, tmp_path / f"{number}.jsonl", "jsonl")
    join([tmp_path / f"{number}.jsonl" for number in range(3)], tmp_path / "joined.jsonl", "jsonl")
    assert (tmp_path / "joined.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert [one.id for _, one in read_tagged(tmp_path / "joined.jsonl")] == list("0123456")


def test_the_name_of_an_output_says_what_it_is(tmp_path: Path):
    (tmp_path / "there").mkdir()
    assert Target.parse("a/out.jsonl") == Target(Path("a/out.jsonl"), False)
    assert Target.parse("a/out.jsonl").folder == Path("a/out.jsonl.parts")
    assert Target.parse("a/out/") == Target(Path("a/out"), True)
    assert Target.parse("a/out.parquet/").folder == Path("a/out.parquet")
    assert Target.parse(str(tmp_path / "there")).stays
    assert [format_of(Path(name)) for name in ("a", "a.jsonl", "a.parquet", "a.PQ")] == [
        *("jsonl", "jsonl", "parquet", "parquet")
    ]
