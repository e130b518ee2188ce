import csv
from pathlib import Path

import pytest

from allabel.document import DocId, Document, Span
from allabel.errors import InputError
from allabel.formats.base import FormatWarning
from allabel.formats.csv_table import Csv

GMB = "Sentence #,Word,POS,Tag\r\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "table.csv"


def read(path: Path, content: str) -> list[Document]:
    path.write_bytes(content.encode())
    return [record.document for record in Csv().read(path)]


def test_a_document_table_keeps_other_columns_as_meta(path: Path):
    entities = '"[{""start"": 0, ""end"": 4, ""label"": ""C""}]"'
    first, second = read(path, f'\ufeffid,Text,journal,entities\r\na,NaCl,JACS,{entities}\r\n," x ",,\r\n')
    assert first == Document(DocId("a"), "NaCl", (Span(0, 4, "C"),), meta={"journal": "JACS"})
    assert (second.id, second.text, second.entities) == ("table-3", " x ", None)


def test_the_text_column_may_be_called_sentence(path: Path):
    assert [d.text for d in read(path, "Sentence,label\nNaCl,1\n")] == ["NaCl"]


def test_a_quoted_cell_keeps_every_line_end_and_lines_are_counted_through_it(path: Path):
    path.write_bytes('id,text\na,"x\r\ny\u2028z\rw\n"\nb,v\n'.encode())
    records = list(Csv().read(path))
    assert records[0].document.text == "x\r\ny\u2028z\rw\n"
    assert [r.line for r in records] == [2, 5]


def test_a_cell_longer_than_the_csv_modules_limit_is_read_and_the_limit_given_back(path: Path):
    before = csv.field_size_limit()
    assert len(read(path, "id,text\na," + "x" * 200_000 + "\n")[0].text) == 200_000
    assert csv.field_size_limit() == before


def test_a_last_cell_whose_quote_is_never_closed_is_an_error_with_its_line(path: Path):
    with pytest.raises(InputError, match="line 3") as caught:
        read(path, 'id,text\na,x\nb,"cut off he')
    assert "begins at line 3" in caught.value.problem
    assert "quote" in caught.value.remedy


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("id;text\na;b\n", "no text column"),
        ("a,b\n1,2\n", "no text column"),
        ("id,text\na,b,c\n", "3 cells"),
        ("id,text\na\n", "1 cells"),
        ("text,entities\nNaCl,[{\n", "not JSON"),
        ('text,entities\nNaCl,"[{""start"": 0, ""end"": 9, ""label"": ""C""}]"\n', "[0, 9)"),
    ],
)
def test_a_wrong_table_is_an_input_error(path: Path, content: str, problem: str):
    with pytest.raises(InputError) as caught:
        read(path, content)
    assert problem in caught.value.problem
    assert caught.value.line in {1, 2}


def test_a_written_table_comes_back_with_cells_that_look_like_formulas(path: Path):
    documents = [
        Document(DocId(f"d{n}"), text, entities)
        for n, (text, entities) in enumerate(
            [("=1+1", None), ("+x", ()), ("-5 °C", (Span(1, 2, "T"),)), ('@a, "b"\r\n', None), ("", ()), ("\r", None)]
        )
    ]
    Csv().write(documents, path)
    assert [r.document for r in Csv().read(path)] == documents


def test_a_token_table_is_a_document_a_sentence(path: Path):
    body = 'Sentence: 1,New,NNP,B-geo\r\n,York,NNP,I-geo\r\n,",",",",O\r\nSentence: 2,"""",``,O\r\n,x,NN,B-org\r\n'
    first, second = read(path, GMB + body)
    assert (first.id, first.text, first.entities) == ("table-1", "New York ,", (Span(0, 8, "geo"),))
    assert (second.text, second.meta) == ('" x', {"sentence": "Sentence: 2"})


def test_a_token_table_may_name_its_sentence_on_every_row_or_part_them_by_blank_rows(path: Path):
    assert [d.text for d in read(path, "sentence_id,token,label\n1,a,O\n1,b,O\n2,c,O\n")] == ["a b", "c"]
    assert [d.text for d in read(path, "token,tag\na,O\n,\nb,O\n\nc,O\n")] == ["a", "b", "c"]


def test_a_last_sentence_whose_row_is_cut_is_left_out_with_a_warning(path: Path):
    with pytest.warns(FormatWarning, match="line 4 begins a sentence that the file's end cuts off"):
        documents = read(path, GMB + "S1,a,NN,O\n,.,.,O\nS2,b,NN,B-x\n,c,N")
    assert [d.text for d in documents] == ["a ."]


def test_a_file_cut_at_a_cells_edge_is_noticed_by_the_missing_line_end_and_full_stop(path: Path):
    whole = GMB + "S1,a,NN,O\r\n,.,.,O\r\nS2,b,NN,B-x\r\n"
    with pytest.warns(FormatWarning, match="cuts off"):
        assert len(read(path, whole + ",31,CD,I-tim")) == 1
    assert len(read(path, whole + ",.,.,O")) == 2
    assert len(read(path, whole + ",31,CD,I-tim\r\n")) == 2


def test_a_missing_line_end_alone_costs_no_sentence(path: Path):
    assert len(read(path, GMB + "S1,hello,UH,O\nS2,you,PRP,O")) == 2


def test_a_short_row_inside_the_table_and_a_bad_tag_name_their_line(path: Path):
    with pytest.raises(InputError, match="line 2"):
        read(path, GMB + "S1,a\n,b,NN,O\nS2,c,NN,O\n")
    with pytest.raises(InputError, match=r"line 3.*'geo'"):
        read(path, GMB + "S1,a,NN,O\n,b,NN,geo\nS2,c,NN,O\n")


def test_an_empty_word_is_reported_and_left_out(path: Path):
    with pytest.warns(FormatWarning, match="line 3 has no token"):
        assert [d.text for d in read(path, GMB + "S1,a,NN,O\n,,NN,O\nS2,b,NN,O\n")] == ["a", "b"]
