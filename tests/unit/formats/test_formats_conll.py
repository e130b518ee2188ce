from pathlib import Path

import pytest

from allabel.document import DocId, Document, Span
from allabel.errors import InputError
from allabel.formats.base import FormatWarning
from allabel.formats.conll import Conll


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "corpus.conll"


def read(path: Path, content: str) -> list[Document]:
    path.write_bytes(content.encode())
    return [record.document for record in Conll().read(path)]


def mentions(document: Document) -> list[tuple[str, str]]:
    return [(document.text[s.start : s.end], s.label) for s in document.entities or ()]


def test_a_sentence_is_its_tokens_with_one_space_between_and_spans_in_code_points(path: Path):
    (document,) = read(path, "🧪\tO\nsodium\tB-C\nchloride\tI-C\n.\tO\n")
    assert document == Document(DocId("corpus-1"), "🧪 sodium chloride .", (Span(2, 17, "C"),))


def test_a_line_of_white_space_ends_a_sentence_and_many_end_one(path: Path):
    assert [d.text for d in read(path, "a\tO\n\t\nb\tO\n \t \n\n\nc\tO")] == ["a", "b", "c"]


def test_records_name_the_line_of_the_first_token(path: Path):
    path.write_text("\n\na\tO\nb\tO\n\nc\tO\n")
    assert [record.line for record in Conll().read(path)] == [3, 6]


def test_windows_line_ends_and_strange_white_space_in_tokens(path: Path):
    (document,) = read(path, "10\u00a0g\tB-Q\r\nx\u2028y\tO\r\n\u200b\tO\r\n")
    assert document.text == "10\u00a0g x\u2028y \u200b"
    assert mentions(document) == [("10\u00a0g", "Q")]


def test_the_token_is_left_and_the_tag_right_with_any_columns_between(path: Path):
    (by_tab,) = read(path, "Selegiline\tselegiline\tNN\tB-NP\tB-C\n-\t-\tHYPH\tO\tO\n")
    (by_space,) = read(path, "EU NNP B-NP B-ORG\nrejects VBZ  B-VP O\n")
    assert mentions(by_tab) == [("Selegiline", "C")]
    assert by_space.text == "EU rejects"
    assert mentions(by_space) == [("EU", "ORG")]


def test_conll_2003_iob1_with_document_marks(path: Path):
    content = (
        "-DOCSTART- -X- O O\n\nEU NNP I-NP I-ORG\nEU NNP B-NP B-ORG\n\nPeter NNP I-NP I-PER\n\n"
        "-DOCSTART- -X- O O\n\nx NN I-NP O\n"
    )
    documents = read(path, content)
    assert [d.text for d in documents] == ["EU EU", "Peter", "x"]
    assert [d.meta for d in documents] == [{"document": 1}, {"document": 1}, {"document": 2}]
    assert mentions(documents[0]) == [("EU", "ORG"), ("EU", "ORG")]


def test_matscholar_splits_at_the_last_space_and_reads_a_missing_tag_as_o(path: Path):
    with pytest.warns(FormatWarning, match=r"line 3 has no tag.*1 more"):
        (document,) = read(path, "{112}<111>  O\nMPam 1/2  B-PRO\nC \n O\n<nUm> B-MAT\n")
    assert document.text == "{112}<111> MPam 1/2 C <nUm>"
    assert mentions(document) == [("MPam 1/2", "PRO"), ("<nUm>", "MAT")]


def test_an_empty_token_is_reported_once_a_file_and_not_fatal(path: Path):
    with pytest.warns(FormatWarning) as caught:
        documents = read(path, "a O\n O\n\n O\n\nb B-X\n")
    assert [d.text for d in documents] == ["a", "b"]
    assert len(caught) == 1
    assert "line 2 has no token" in str(caught[0].message)
    assert "1 more" in str(caught[0].message)


def test_a_short_line_of_a_wide_file_never_takes_another_column_for_its_tag(path: Path):
    with pytest.warns(FormatWarning, match="line 2 has no tag"):
        (document,) = read(path, "EU NNP B-NP B-ORG\nit PRP B-NP\nis VBZ B-VP O\n")
    assert mentions(document) == [("EU", "ORG")]


def test_one_stray_tab_does_not_make_a_tab_file(path: Path):
    with pytest.warns(FormatWarning, match="no tag"):
        (document,) = read(path, "a O\nb B-X\nc\t\nd I-X\n")
    assert document.text == "a b c\t d"


def test_offset_columns_bring_the_true_spacing_back_and_count_documents(path: Path):
    content = "n\t0\t1\tO\n-\t1\t2\tO\nBuLi\t2\t6\tB-C\nin\t8\t10\tO\n\nit\t12\t14\tO\n\nNaCl\t0\t4\tB-C\n.\t4\t5\tO\n"
    documents = read(path, content)
    assert [d.text for d in documents] == ["n-BuLi  in", "it", "NaCl."]
    assert [d.meta["document"] for d in documents] == [1, 1, 2]
    assert mentions(documents[0]) == [("BuLi", "C")]


def test_offsets_that_contradict_the_tokens_are_not_used_in_that_sentence(path: Path):
    documents = read(
        path, "ab\t0\t5\tO\nc\t6\t7\tB-X\n\nd\t8\t9\tO\ne\t9\t10\tO\n\nf\t0\t1\tO\ng\t99999999999\t100000000000\tO\n"
    )
    assert [d.text for d in documents] == ["ab c", "de", "f g"]


def test_numbers_in_some_lines_only_are_no_offsets(path: Path):
    assert read(path, "a\t0\t1\tO\nb\tNN\tx\tO\n")[0].text == "a b"


def test_a_file_without_tags_is_refused_with_the_way_out(path: Path):
    with pytest.raises(InputError) as caught:
        read(path, "NaCl\nwater\n")
    assert "format text" in caught.value.remedy


def test_a_tag_that_is_none_and_clashing_schemes_name_their_line(path: Path):
    with pytest.raises(InputError, match=r"line 3.*'B_X'"):
        read(path, "a\tO\n\nb\tB_X\n")
    with pytest.raises(InputError, match=r"line 3.*two schemes"):
        read(path, "a\tS-X\n\nb\tU-X\n")


def test_train_and_test_of_one_corpus_get_different_ids(tmp_path: Path):
    ids = {read(tmp_path / name, "a\tO\n")[0].id for name in ("AnEM.train", "AnEM.test")}
    assert ids == {"AnEM.train-1", "AnEM.test-1"}


def test_written_tokens_split_at_white_space_and_at_the_edges_of_entities(path: Path):
    text = "(NaCl)  in\nwater, n-BuLi"
    spans = (Span(1, 5, "C"), Span(11, 16, "C"), Span(18, 24, "C"))
    Conll().write([Document(DocId("a"), text, spans)], path)
    assert path.read_text() == "(\tO\nNaCl\tB-C\n)\tO\nin\tO\nwater\tB-C\n,\tO\nn-BuLi\tB-C\n\n"
    (record,) = Conll().read(path)
    assert [m for m, _ in mentions(record.document)] == ["NaCl", "water", "n-BuLi"]


def test_nested_entities_are_written_as_the_longest_and_the_loss_is_said(path: Path):
    with pytest.warns(FormatWarning, match="2 nested"):
        Conll().write(
            [Document(DocId("a"), "TiO2 film  x", (Span(0, 4, "f"), Span(0, 9, "d"), Span(9, 11, "w")))], path
        )
    assert path.read_text() == "TiO2\tB-d\nfilm\tI-d\nx\tO\n\n"


def test_a_blank_text_is_left_out_with_a_warning(path: Path):
    with pytest.warns(FormatWarning, match="'b' holds no word"):
        Conll().write([Document(DocId("a"), "x", ()), Document(DocId("b"), " \n", ())], path)
    assert path.read_text() == "x\tO\n\n"


@pytest.mark.parametrize(
    ("document", "remedy"),
    [
        (Document(DocId("a"), "x"), "jsonl"),
        (Document(DocId("a"), "x", (Span(0, 1, "a\tb"),)), "jsonl"),
        (Document(DocId("a"), "-DOCSTART- x", ()), "jsonl"),
    ],
)
def test_what_conll_cannot_say_is_refused_and_nothing_is_written(path: Path, document: Document, remedy: str):
    with pytest.raises(InputError) as caught:
        Conll().write([Document(DocId("ok"), "fine", ()), document], path)
    assert remedy in caught.value.remedy
    assert not path.exists()


def test_a_token_that_begins_with_a_byte_order_mark_comes_back(path: Path):
    Conll().write([Document(DocId("a"), "\ufeffx y", (Span(0, 2, "X"),))], path)
    assert [record.document.text for record in Conll().read(path)] == ["\ufeffx y"]
