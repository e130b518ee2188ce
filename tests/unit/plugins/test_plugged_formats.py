"""Formats of other packages are told by their suffix, after allabel's own; a broken one spoils only itself."""

from collections.abc import Callable
from pathlib import Path

import pytest
from app_page import make_project, open_page
from installed_packages import install

from allabel.document import DocId, Document
from allabel.errors import InputError, PluginError, UnknownNameError
from allabel.formats.base import FormatWarning
from allabel.formats.named import FORMATS, by_name, by_suffix
from allabel.formats.registry import detect, read_documents, write_documents

Install = Callable[..., None]
ROWS = '''
from allabel.document import DocId, Document
from allabel.formats.base import Record
from allabel.formats.files import read_lines, write_atomically

class Rows:
    """A text a row, its id before a bar."""
    name = "NAME"
    suffixes = (".rows",)
    def read(self, path):
        for line, text in read_lines(path):
            id, _, rest = text.partition("|")
            yield Record(line, Document(DocId(id), rest))
    def write(self, documents, path):
        with write_atomically(path) as file:
            file.writelines(f"{d.id}|{d.text}\\n" for d in documents)
'''


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Installs a package of one module, and forgets its formats at the end."""
    monkeypatch.setattr(FORMATS, "_made", {})
    return lambda *given, **points: install(tmp_path / "site", monkeypatch, *given, **points)


def rows(installed: Install, name: str, source: str = ROWS) -> None:
    """Install a package of one format by this name."""
    source = source.replace("NAME", name)
    installed(f"allabel-{name}", f"{name}_module", source, formats={name: f"{name}_module:Rows"})


def test_files_with_its_suffix_are_read_and_written_in_it(installed: Install, tmp_path: Path) -> None:
    rows(installed, "rows_a")
    document = Document(DocId("a"), "NaCl in water")
    write_documents([document], tmp_path / "a.ROWS")
    assert (tmp_path / "a.ROWS").read_text() == "a|NaCl in water\n"
    assert detect(tmp_path / "a.ROWS").name == "rows_a"
    assert [record.document for record in read_documents(tmp_path / "a.ROWS")] == [document]


def test_it_stands_behind_allabels_own_by_name(installed: Install) -> None:
    rows(installed, "rows_b")
    assert next(iter(FORMATS)) == "jsonl"
    assert list(FORMATS)[-1] == "rows_b"
    assert "rows_b" in FORMATS
    assert len(FORMATS) == len(list(FORMATS))
    assert by_name("rows_b").name == "rows_b"
    with pytest.raises(UnknownNameError, match=r"did you mean 'rows_b'"):
        by_name("rows-b")


def test_a_suffix_of_allabels_own_stays_its_own(installed: Install) -> None:
    rows(installed, "rows_c", ROWS.replace('".rows"', '".csv"'))
    found = by_suffix(".csv")
    assert found is not None
    assert found.name == "csv"


def test_two_with_the_same_suffix_have_to_be_named(installed: Install, tmp_path: Path) -> None:
    rows(installed, "rows_d")
    rows(installed, "rows_e")
    with pytest.raises(InputError) as caught:
        detect(tmp_path / "a.rows")
    assert "the suffix '.rows' is that of several formats" in caught.value.problem
    assert "rows_d, rows_e" in caught.value.remedy


def test_a_broken_one_is_left_out_with_a_warning_and_only_where_it_might_be_meant(
    installed: Install, tmp_path: Path
) -> None:
    rows(installed, "rows_f", "import no_such_package_at_all\n")
    rows(installed, "rows_g")
    (tmp_path / "a.csv").write_text("text\nNaCl\n")
    assert [r.document.text for r in read_documents(tmp_path / "a.csv")] == ["NaCl"]
    (tmp_path / "a.rows").write_text("a|NaCl\n")
    with pytest.warns(FormatWarning, match=r"not tried as rows_f: .* of allabel-rows_f 1\.2 cannot be imported"):
        assert [r.document.text for r in read_documents(tmp_path / "a.rows")] == ["NaCl"]
    with pytest.raises(PluginError, match="no_such_package_at_all"):
        by_name("rows_f")


def test_a_name_of_allabels_own_registered_twice_spoils_that_one_alone(installed: Install, tmp_path: Path) -> None:
    rows(installed, "jsonl")
    (tmp_path / "a.csv").write_text("text\nNaCl\n")
    assert [r.document.text for r in read_documents(tmp_path / "a.csv")] == ["NaCl"]
    (tmp_path / "a.jsonl").write_text('{"text": "NaCl"}\n')
    with pytest.raises(PluginError, match=r"'jsonl' is registered by .*allabel.* and by "):
        list(read_documents(tmp_path / "a.jsonl"))


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (ROWS.replace('(".rows",)', '".rows"'), "its suffixes are '.rows'"),
        (ROWS.replace('(".rows",)', "()"), "its suffixes are ()"),
        (ROWS.replace('".rows"', '".Rows"'), "its suffixes are ('.Rows',)"),
        (ROWS.replace('".rows"', '"rows"'), "its suffixes are ('rows',)"),
        (ROWS.replace("def write", "def put"), "which has no 'write'"),
        (ROWS.replace('"NAME"', '"other"'), "it calls itself 'other'"),
        (ROWS.replace('"NAME"', '"NAME"\n    def __init__(self, path): pass'), "cannot be made: TypeError"),
        ("Rows = 5\n", "it is an object of int, which cannot be called"),
    ],
    ids=["string", "none", "case", "no dot", "method", "name", "parameters", "number"],
)
def test_what_is_no_format_is_refused_with_what_is_wrong(installed: Install, source: str, says: str) -> None:
    rows(installed, "rows_h", source)
    with pytest.raises(PluginError) as caught:
        by_name("rows_h")
    assert says in caught.value.problem
    assert "allabel.formats.base.Format" in caught.value.remedy


def test_a_reader_of_bare_documents_is_told_what_a_record_is(installed: Install, tmp_path: Path) -> None:
    rows(installed, "rows_i", ROWS.replace("yield Record(line, Document(DocId(id), rest))", "yield Document(id, rest)"))
    (tmp_path / "a.rows").write_text("a|NaCl\n")
    with pytest.raises(
        PluginError, match=r"it reads objects of Document, and they must be of allabel\.formats\.base\.Record"
    ):
        list(read_documents(tmp_path / "a.rows"))


def test_a_class_in_a_module_is_a_format_too(installed: Install, tmp_path: Path) -> None:
    installed("some-module", "rows_j_module", ROWS.replace("NAME", "rows_j"))
    (tmp_path / "a.txt").write_text("a|NaCl\n")
    (record,) = read_documents(tmp_path / "a.txt", "rows_j_module:Rows")
    assert record.document == Document(DocId("a"), "NaCl")


def test_the_page_export_offers_it_in_its_own_words(
    installed: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows(installed, "rows_k")
    page = open_page("export", make_project(tmp_path / "p", annotated=3), monkeypatch)
    page.selectbox(key="export.format.").set_value("rows_k").run()
    assert not page.exception
    assert not page.error
    assert "A text a row" in page.caption[0].value
    assert "|" in page.code[0].value
    assert page.get("download_button")
