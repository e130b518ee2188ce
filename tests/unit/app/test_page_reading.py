"""A file is read to its end although it has problems, where its records can be told apart."""

from pathlib import Path

from allabel.document import DocId, Document, Span
from allabel.formats.registry import read_documents
from allabel.schema import LabelSchema
from app.pages.start.reading import Found, check, read_file


def written(tmp_path: Path, name: str, content: str | bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def lines(found: Found) -> list[int]:
    return sorted(line for many in found.lines.values() for line in many)


def test_jsonl_is_read_on_after_bad_lines_and_bad_bytes(tmp_path: Path) -> None:
    path = written(
        tmp_path, "a.jsonl", b'\xef\xbb\xbf{"text": "one"}\n{"text": 5}\n\n\xff\n{"text": "two"}\n["no object"]'
    )
    found = read_file(path)
    assert (found.format, found.whole, lines(found)) == ("jsonl", True, [2, 4, 6])
    assert [(one.line, one.document.text) for one in found.records] == [(1, "one"), (5, "two")]


def test_a_csv_table_is_read_on_after_rows_of_the_wrong_width(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", 'id,text\n1,one\n2\n3,"two\nlines"\n4,a,b\n5,five\n')
    found = read_file(path)
    assert (found.whole, lines(found)) == (True, [3, 6])
    assert [one.document.id for one in found.records] == ["1", "3", "5"]


def test_a_csv_table_without_a_text_column_is_wrong_once(tmp_path: Path) -> None:
    found = read_file(written(tmp_path, "a.csv", "id,body\n1,one\n2,two\n"))
    assert (lines(found), found.records) == ([1], [])


def test_a_quote_that_is_never_closed_ends_the_reading_and_that_is_said(tmp_path: Path) -> None:
    found = read_file(written(tmp_path, "a.csv", 'id,text\n1,one\n2,"two\n3,three\n'))
    assert (found.whole, found.n_problems, len(found.records)) == (False, 1, 1)


def test_columns_hang_together_and_reading_ends_at_the_first_problem(tmp_path: Path) -> None:
    found = read_file(written(tmp_path, "a.conll", b"NaCl\tB-R\nin\tO\n\n\xff\tO\n\nKBr\tB-R\n"))
    assert (found.whole, found.n_problems) == (False, 1)


def test_a_sound_file_gives_what_the_import_reads(tmp_path: Path) -> None:
    for name, content in (("a.jsonl", '{"text": "one"}\n'), ("a.csv", "Sentence,x\none,1\n"), ("a.txt", "one\ntwo\n")):
        path = written(tmp_path, name, content)
        found = read_file(path)
        assert found.records == list(read_documents(path))
        assert not found.lines


def test_an_empty_file_is_a_problem(tmp_path: Path) -> None:
    assert read_file(written(tmp_path, "a.jsonl", "")).n_problems == 1


def test_what_the_project_refuses_is_told_for_every_record(tmp_path: Path) -> None:
    rows = [
        '{"id": "1", "text": "abc", "entities": [{"start": 0, "end": 1, "label": "X"}]}',
        '{"id": "2", "text": "abc", "entities": [{"start": 0, "end": 1, "label": "X"}]}',
        '{"id": "3", "text": "abc", "entities": [{"start":0,"end":2,"label":"A"},{"start":1,"end":3,"label":"A"}]}',
        '{"id": "4", "text": "other"}',
        '{"id": "5", "text": "gold", "entities": []}',
    ]
    path = written(tmp_path, "a.jsonl", "\n".join(rows))
    gold = {DocId("5"): Document(DocId("5"), "gold", (Span(0, 1, "A"),))}
    known = [Document(DocId("4"), "text"), Document(DocId("5"), "gold")]
    found = read_file(path)
    check(found, LabelSchema.of(["A"]), path, known, gold, role="auto", flat=False)
    assert lines(found) == [1, 2, 3, 4, 5]
    assert len(found.lines) == 4, "the same problem is one kind with two lines"


def test_a_role_that_no_record_can_have_is_told(tmp_path: Path) -> None:
    for role, row in (("gold", '{"text": "abc"}'), ("annotations", '{"text": "abc", "values": {"A": ["b"]}}')):
        path = written(tmp_path, "a.jsonl", row)
        found = read_file(path)
        check(found, LabelSchema.of(["A"]), path, [], {}, role=role, flat=False)
        assert found.n_problems == 1
