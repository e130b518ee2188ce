from pathlib import Path

import pytest

from allabel.document import DocId, Document, Span
from allabel.errors import InputError
from allabel.formats.base import FormatWarning
from allabel.formats.brat import Brat
from allabel.formats.file_names import id_of_name

TEXT = "🧪 NaCl in\r\nwater, and\tice"


def pair(folder: Path, name: str, text: str, ann: str | None) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.txt").write_bytes(text.encode())
    if ann is not None:
        (folder / f"{name}.ann").write_bytes(ann.encode())
    return folder


def read(path: Path) -> dict[str, Document]:
    return {record.document.id: record.document for record in Brat().read(path)}


def test_a_folder_of_pairs_is_read_and_a_text_without_its_ann_is_not_annotated(tmp_path: Path):
    pair(tmp_path, "a", TEXT, "T1\tChemical 2 6\tNaCl\nT2\tX 0 6\t🧪 NaCl\n")
    pair(tmp_path, "b", "none", "")
    pair(tmp_path, "c", "open", None)
    pair(tmp_path / "deeper", "d", "ice", "T1\tX 0 3\tice\n")
    found = read(tmp_path)
    assert found["a"].entities == (Span(0, 6, "X"), Span(2, 6, "Chemical"))
    assert (found["b"].entities, found["c"].entities) == ((), None)
    assert found["deeper/d"].entities == (Span(0, 3, "X"),)


def test_one_ann_is_read_with_the_text_beside_it(tmp_path: Path):
    pair(tmp_path, "a", TEXT, "T1\tChemical 2 6\tNaCl\n")
    pair(tmp_path, "b", "other", "")
    assert list(read(tmp_path / "a.ann")) == ["a"]


def test_the_ann_that_was_named_is_read_however_its_suffix_is_written(tmp_path: Path):
    pair(tmp_path, "a", TEXT, None)
    (tmp_path / "a.ANN").write_text("T1\tChemical 2 6\tNaCl\n")
    assert read(tmp_path / "a.ANN")["a"].entities == (Span(2, 6, "Chemical"),)


def test_pieces_in_any_order_are_read_and_what_stands_between_is_counted(tmp_path: Path):
    pair(tmp_path, "a", "left and right lung", "T1\tOrgan 15 19;0 4\tlung left\n")
    with pytest.warns(FormatWarning, match="1 discontinuous annotations"):
        assert read(tmp_path)["a"].entities == (Span(0, 19, "Organ"),)


def test_a_discontinuous_annotation_becomes_its_outer_span_and_is_counted(tmp_path: Path):
    pair(tmp_path, "a", "left and right lung", "T1\tOrgan 0 4;15 19\tleft lung\nT2\tOrgan 9 14;15 19\tright lung\n")
    with pytest.warns(FormatWarning, match="1 discontinuous annotations read as one span"):
        found = read(tmp_path)
    assert found["a"].entities == (Span(0, 19, "Organ"), Span(9, 19, "Organ"))


def test_what_is_no_entity_is_left_out_and_counted_by_kind(tmp_path: Path):
    others = "E1\tC:T1\nR1\tr Arg1:T1 Arg2:T1\nA1\tNegation T1\n#1\tAnnotatorNotes T1\twell\n*\tEquiv T1 T2\n"
    ann = "T1\tC 2 6\tNaCl\n" + others
    pair(tmp_path, "a", TEXT, ann)
    with pytest.warns(FormatWarning) as caught:
        assert len(read(tmp_path)["a"].entities or ()) == 1
    told = str(caught[0].message)
    assert all(kind in told for kind in ("1 events", "1 relations", "1 attributes", "1 notes", "1 other lines"))


def test_offsets_in_utf_16_units_are_told_by_the_texts_and_said(tmp_path: Path):
    pair(tmp_path, "a", TEXT, "T1\tC 3 7\tNaCl\nT2\tE 0 2\t🧪\n")
    with pytest.warns(FormatWarning, match="1 files counted in UTF-16 units"):
        assert read(tmp_path)["a"].entities == (Span(0, 1, "E"), Span(2, 6, "C"))


@pytest.mark.parametrize(
    ("ann", "problem"),
    [
        ("T1\tC 4 8\tNaCl\n", "has the text 'NaCl', and from 4 to 8 there is 'Cl i'"),
        ("T1\tC 2 600\tNaCl\n", "has the text 'NaCl'"),
        ("T1\tC 20 600\n", r"has C \[20, 600\) in a text of 25"),
        ("T1 C 2 6 NaCl\n", "is 'T1 C 2 6 NaCl'"),
        ("T1\tTwo words 2 6\tNaCl\n", "is 'T1"),
    ],
)
def test_what_is_wrong_is_named_with_file_line_and_remedy(tmp_path: Path, ann: str, problem: str):
    pair(tmp_path, "a", TEXT, "\n" + ann)
    with pytest.raises(InputError, match=problem) as caught:
        read(tmp_path)
    assert "a.ann, line 2" in str(caught.value)
    assert "code points" in caught.value.remedy


def test_an_ann_without_its_text_is_an_error(tmp_path: Path):
    (tmp_path / "a.ann").write_text("T1\tC 0 1\ta\n")
    for path in (tmp_path, tmp_path / "a.ann"):
        with pytest.raises(InputError, match=r"a\.txt: there is no such file"):
            read(path)


def test_ids_become_file_names_and_come_back(tmp_path: Path):
    ids = ["10.1002/adma.2009", "a b", "50%", "50%25", ".hidden", "end.", "é", "A:B*?", "x\ty", "deep\\down", "-1"]
    documents = [Document(DocId(id), "x", ()) for id in ids]
    Brat().write(documents, tmp_path / "out")
    assert set(read(tmp_path / "out")) == set(ids)
    assert all(p.is_file() and p.name.isascii() for p in (tmp_path / "out").iterdir())


def test_names_and_ids_that_are_not_utf_8_are_refused(tmp_path: Path):
    with pytest.raises(InputError, match="half of a surrogate pair"):
        Brat().write([Document(DocId("x\ud83d"), "x", ())], tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match=r"the file name 'caf\\udce9' is not UTF-8"):
        id_of_name("caf\udce9", tmp_path)


@pytest.mark.parametrize("id", ["../x", "a/../../x", "/etc/x", "..\\x", ".."])
def test_an_id_that_climbs_out_of_the_folder_is_refused(tmp_path: Path, id: str):
    with pytest.raises(InputError, match="leads out of the folder"):
        Brat().write([Document(DocId("a"), "x", ()), Document(DocId(id), "x", ())], tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_written_whole_or_not_at_all_and_none_is_written_over(tmp_path: Path):
    (tmp_path / "out").mkdir()
    twice = [Document(DocId("a"), "x", ()), Document(DocId("a"), "y", ())]
    with pytest.raises(InputError, match="is there twice"):
        Brat().write(twice, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
    Brat().write(twice[:1], tmp_path / "out")
    with pytest.raises(InputError, match="is there already"):
        Brat().write(twice[:1], tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a.ann", "a.txt", "annotation.conf"]


def test_an_empty_folder_is_filled_even_where_one_stands_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")
    Brat().write([Document(DocId("a"), "x", ())], Path())
    assert set(read(tmp_path / "out")) == {"a"}
    with pytest.raises(InputError, match="No such file") as caught:
        Brat().write([], tmp_path / "none/out")
    assert "mkdir -p" in caught.value.remedy


def test_an_entity_over_a_line_end_is_written_in_pieces_and_read_as_one(tmp_path: Path):
    document = Document(DocId("a"), TEXT, (Span(7, 16, "X"),))
    Brat().write([document], tmp_path / "out")
    assert (tmp_path / "out/a.ann").read_text() == "T1\tX 7 9;11 16\tin water\n"
    assert read(tmp_path / "out") == {"a": document}


def test_what_brat_cannot_hold_is_said(tmp_path: Path):
    ends = Document(DocId("a"), TEXT, (Span(9, 11, "End"), Span(10, 16, "X")), meta={"k": 1})
    with pytest.warns(FormatWarning, match=r"1 `meta` left out.*1 entities that are line ends.*1 entities cut"):
        Brat().write([ends], tmp_path / "out")
    assert read(tmp_path / "out")["a"].entities == (Span(11, 16, "X"),)
    with pytest.raises(InputError, match="label 'two words'"):
        Brat().write([Document(DocId("a"), "x", (Span(0, 1, "two words"),))], tmp_path / "other")


def test_one_document_goes_to_an_ann_and_more_do_not(tmp_path: Path):
    document = Document(DocId("a"), "\ufeffNaCl", (Span(1, 5, "C"),))
    Brat().write([document], tmp_path / "a.ann")
    assert read(tmp_path / "a.ann") == {"a": document}
    with pytest.raises(InputError, match="one document's file, and there are 2"):
        Brat().write([document, document], tmp_path / "b.ann")
    with pytest.raises(InputError, match="'a' is not annotated"):
        Brat().write([Document(DocId("a"), "other")], tmp_path / "a.ann")
    assert read(tmp_path / "a.ann") == {"a": document}
