"""Data sets of the user's own copies and own files: layouts, traps and refusals."""

import json
from pathlib import Path

import pytest

from allabel.document import DocId, Document, Span
from allabel.errors import InputError, LabelError, UnknownNameError
from allabel.formats.registry import write_documents
from eval.datasets import DataSet, open_data, open_files

# IOB1, four columns, document marks, a repeated sentence: as people hold CoNLL-2003.
CONLL_TRAIN = """\
-DOCSTART- -X- -X- O

Jack NNP B-NP I-PER
London NNP I-NP I-PER
Paris NNP B-NP I-LOC
Rome NNP I-NP B-LOC

SOCCER NN B-NP O
- : O O

-DOCSTART- -X- -X- O

SOCCER NN B-NP O
- : O O

"""
CONLL_TEST = """\
-DOCSTART- -X- -X- O

Jack NNP B-NP I-PER
London NNP I-NP I-PER
Paris NNP B-NP I-LOC
Rome NNP I-NP B-LOC

UN NNP B-NP I-ORG
"""


def put(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def own(name: str, root: Path) -> tuple[DataSet, list[str]]:
    told: list[str] = []
    return open_data(name, root=root, cache=root / "no cache", tell=told.append), told


@pytest.mark.parametrize("names", [("train.txt", "test.txt"), ("eng.train", "eng.testb")])
def test_conll_2003_reads_from_either_layout_each_text_once(tmp_path: Path, names: tuple[str, str]) -> None:
    files = dict(zip((f"conll2003/{name}" for name in names), (CONLL_TRAIN, CONLL_TEST), strict=True))
    opened, told = own("conll2003", put(tmp_path, files))
    assert [d.text for d in opened.pool] == ["Jack London Paris Rome", "SOCCER -"]
    assert opened.pool[0].entities == (Span(0, 11, "PER"), Span(12, 17, "LOC"), Span(18, 22, "LOC"))
    assert [d.text for d in opened.test] == ["UN"]
    assert opened.labels == ("LOC", "MISC", "ORG", "PER")
    assert told == [
        "conll2003: 1 of 5 texts are blank or repeated and were left out",
        "conll2003: 1 of 2 test texts stand in the pool and were left out",
    ]


def test_ontonotes_reads_as_columns_or_as_jsonl_with_the_labels_it_has(tmp_path: Path) -> None:
    columns = {"ontonotes/train.conll": "Oslo B-GPE\nslept O\n", "ontonotes/test.conll": "Two B-CARDINAL\ncame O\n"}
    opened, _ = own("ontonotes", put(tmp_path / "a", columns))
    assert opened.labels == ("CARDINAL", "GPE")
    line = '{"id": "%s", "text": "%s", "entities": [{"start": 0, "end": 4, "label": "GPE"}]}\n'
    lines = {"ontonotes/train.jsonl": line % (1, "Oslo slept"), "ontonotes/test.jsonl": line % (2, "Rome fell")}
    opened, _ = own("ontonotes", put(tmp_path / "b", lines))
    assert [d.entities for d in opened.test] == [(Span(0, 4, "GPE"),)]


def test_bc4chemd_reads_from_tab_separated_columns(tmp_path: Path) -> None:
    files = {"bc4chemd/train.tsv": "NaCl\tB\nin\tO\n", "bc4chemd/test.tsv": "KCl\tB-Chemical\n"}
    with pytest.raises(InputError, match=r"train\.tsv, line 1: the last column holds 'B'"):
        own("bc4chemd", put(tmp_path, files))
    opened, _ = own("bc4chemd", put(tmp_path, {"bc4chemd/train.tsv": "NaCl\tB-Chemical\nin\tO\n"}))
    assert opened.pool[0].entities == (Span(0, 4, "Chemical"),)


@pytest.mark.parametrize("name", ["documents.json", "documents.jsonl"])
def test_gold_strings_without_offsets_become_their_verbatim_occurrences(tmp_path: Path, name: str) -> None:
    gold = {"metal": ["Zn"], "linker": ["terephthalate", "absent acid"], "topology": []}
    one = {"text": "Zn and ZnO with terephthalates. Zn_1", "values": gold}
    text = json.dumps([one, {"text": "Nothing.", "values": {}}]) if name.endswith(".json") else json.dumps(one)
    opened, _ = own("csd_mof", put(tmp_path, {f"csd_mof/{name}": text}))
    assert opened.by_value
    assert opened.labels == ("linker", "metal", "topology")
    # "Zn" stands alone twice, so not within ZnO; of "terephthalates" the inner part, as it stands nowhere alone.
    assert opened.pool[0].entities == (Span(0, 2, "metal"), Span(16, 29, "linker"), Span(32, 34, "metal"))


def test_a_wrong_document_of_a_json_list_is_named_by_its_number(tmp_path: Path) -> None:
    put(tmp_path, {"csd_mof/documents.json": '[{"text": "A", "values": {}}, {"values": {}}]'})
    with pytest.raises(InputError, match=r"documents\.json: document 2 of the list has no `text`"):
        own("csd_mof", tmp_path)


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"no data set 'bc5cd'\n  remedy: did you mean 'bc5cdr'\?"):
        open_data("bc5cd")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("bc5cdr", r"no .*bc5cdr/iob/train\.tsv(.|\n)*fetch it: allabel eval data bc5cdr --fetch, or put it into"),
        ("conll2003", r"no .*conll2003/train\.txt(.|\n)*remedy: put it into .*eng\.train and eng\.testb"),
        ("ontonotes", r"tag such as B-PERSON last(.|\n)*train\.jsonl"),
        ("matscholar", r"remedy: put it into .*MatSciBERT at 564750d9a8be"),
    ],
)
def test_a_data_set_that_is_not_here_says_which_file_is_missing_and_where_it_goes(
    tmp_path: Path, name: str, says: str
) -> None:
    with pytest.raises(InputError, match=says):
        own(name, tmp_path)


def test_the_root_may_come_from_the_variable_and_must_be_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, {"conll2003/train.txt": CONLL_TRAIN, "conll2003/test.txt": CONLL_TEST})
    monkeypatch.setenv("ALLABEL_DATA", str(tmp_path))
    assert len(open_data("conll2003").pool) == 2
    monkeypatch.setenv("ALLABEL_DATA", str(tmp_path / "gone"))
    with pytest.raises(InputError, match=r"gone: the root of the data sets, which the variable ALLABEL_DATA names"):
        open_data("conll2003")


def document(id: str, text: str, *spans: Span) -> Document:
    return Document(DocId(id), text, spans)


def test_files_of_ones_own_are_flat_and_blank_texts_are_left_out(tmp_path: Path) -> None:
    nested = document("a", "sodium chloride", Span(0, 6, "Element"), Span(0, 15, "Salt"))
    write_documents([nested, document("b", "  ")], tmp_path / "pool.jsonl")
    (tmp_path / "test.conll").write_text("NaCl B-Salt\n\nO B-Element\n", encoding="utf-8")
    opened = open_files([tmp_path / "pool.jsonl"], [tmp_path / "test.conll"], "mine")
    assert opened.pool == (document("a", "sodium chloride", Span(0, 15, "Salt")),)
    assert [d.text for d in opened.test] == ["NaCl", "O"]
    assert (opened.name, opened.labels, opened.by_value, opened.public) == ("mine", ("Element", "Salt"), False, False)


def test_the_digest_is_that_of_what_was_read_and_nothing_else(tmp_path: Path) -> None:
    one, two = document("a", "NaCl", Span(0, 4, "Salt")), document("b", "KCl", Span(0, 3, "Salt"))

    def digest(pool: list[Document], test: list[Document], folder: str) -> str:
        (tmp_path / folder).mkdir()
        paths = [tmp_path / folder / name for name in ("pool.jsonl", "test.jsonl")]
        for path, documents in zip(paths, (pool, test), strict=True):
            write_documents(documents, path)
        return open_files(paths[:1], paths[1:] if test else [], folder).digest

    first = digest([one], [two], "first")
    assert first == digest([one], [two], "same elsewhere")
    others = [
        digest([two], [one], "swapped"),
        digest([one, two], [], "no test"),
        digest([document("a", "NaCl", Span(0, 4, "Element"))], [two], "label"),
        digest([document("c", "NaCl", Span(0, 4, "Salt"))], [two], "id"),
    ]
    assert len({first, *others}) == 5


@pytest.mark.parametrize(
    ("pool", "test", "error", "says"),
    [
        ([Document(DocId("a"), "NaCl")], [], InputError, "'a' of 'mine' has no gold"),
        (
            [Document(DocId("a"), "x", values={}), document("b", "y")],
            [],
            InputError,
            "'b' of 'mine' has no `values`, which",
        ),
        ([document("a", "x")], [document("a", "y")], InputError, "two texts of 'mine' have the id 'a'"),
        ([document("a", " ")], [], InputError, "the pool of 'mine' holds no text"),
        ([document("a", "NaCl", Span(0, 4, "Salz"))], [], LabelError, "labels 'Salz', which are not among Salt"),
    ],
)
def test_what_is_no_gold_is_refused(
    tmp_path: Path, pool: list[Document], test: list[Document], error: type[InputError], says: str
) -> None:
    write_documents(pool, tmp_path / "pool.jsonl")
    write_documents(test, tmp_path / "test.jsonl")
    with pytest.raises(error, match=says):
        open_files([tmp_path / "pool.jsonl"], [tmp_path / "test.jsonl"] if test else [], "mine", ["Salt"])


def test_what_a_format_left_out_is_told_in_place_of_a_warning(tmp_path: Path) -> None:
    (tmp_path / "pool.conll").write_text("NaCl B-Salt\n O\nin O\nwater \n", encoding="utf-8")
    told: list[str] = []
    opened = open_files([tmp_path / "pool.conll"], [], "mine", tell=told.append)
    assert opened.pool[0].text == "NaCl in water"
    assert told == [f"{tmp_path}/pool.conll: line 2 has no token and was left out (and 1 more)"]
