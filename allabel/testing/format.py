"""The promises of the seam `Format`: readers and writers of files."""

import warnings
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from allabel.document import DocId, Document, Span
from allabel.errors import InputError
from allabel.formats.base import Format, FormatWarning, Record

Make = Callable[[], Format]
# Words with one space between, one line a text: what every format can hold, tables of tokens among them.
DOCUMENTS = (
    Document(DocId("d1"), "NaCl was dissolved in water .", (Span(0, 4, "Salt"), Span(22, 27, "Solvent"))),
    Document(DocId("d2"), "🧪 The KCl was heated to 80 °C .", (Span(6, 9, "Salt"), Span(24, 29, "Condition"))),
    Document(DocId("d3"), "Nothing happened .", ()),
)
NOT_ANNOTATED = Document(DocId("d4"), "DMF is a solvent .")
GARBAGE = (
    b"",
    b"\n",
    b"{",
    b"[[",
    b"\x00\x01\x02",
    b"\xff\xfe\xfa",
    "é".encode("latin-1"),
    b'{"text": 1}\n',
    b"\t\t\n",
)
_CUTS, _TURNED = 12, 12


def documents_with(kept: Set[str], *, not_annotated: bool = True) -> list[Document]:
    """Return a few documents with these fields; not_annotated: whether one is that nobody annotated."""
    full = replace(DOCUMENTS[0], meta={"doi": "10/x"} if "meta" in kept else {})
    if "values" in kept:
        full = replace(full, values={"Salt": ("NaCl",)})
    if "seconds" in kept:
        full = replace(full, seconds=12.5)
    return [full, *DOCUMENTS[1:], *([NOT_ANNOTATED] if not_annotated else [])]


class FormatContract:
    """What every format promises. Inherit it as a class `Test…` that gives `make`, and says what the format keeps.

    kept: of `id`, `entities`, `values`, `meta` and `seconds` those that come back; texts always do. takes_unannotated:
    whether a document whose entities are None can be written, and is None again. replaces: whether a file that is
    there may be written anew. file_name: where the first suffix is not what it is written to.
    """

    kept: ClassVar[frozenset[str]] = frozenset({"id", "entities"})
    takes_unannotated: ClassVar[bool] = True
    replaces: ClassVar[bool] = True
    file_name: ClassVar[str] = ""

    @pytest.fixture
    def make(self) -> Make:
        """Return what gives the format when it is called without anything: its class."""
        raise NotImplementedError("give a fixture `make` that returns the format's class")

    @pytest.fixture
    def format(self, make: Make) -> Format:
        """Make the format."""
        return make()

    @pytest.fixture
    def path(self, format: Format, tmp_path: Path) -> Path:
        """Return where a test writes to: in a folder of its own."""
        (tmp_path / "out").mkdir()
        return tmp_path / "out" / (self.file_name or f"corpus{format.suffixes[0]}")

    @pytest.fixture
    def documents(self) -> list[Document]:
        """Return documents that have everything the format keeps, and nothing else."""
        return documents_with(self.kept, not_annotated=self.takes_unannotated)

    def test_it_has_a_name_and_suffixes(self, format: Format) -> None:
        """Suffixes are a tuple, in lower case, each with its dot: files are told by them."""
        assert isinstance(format.name, str)
        assert format.name
        assert isinstance(format.suffixes, tuple)
        assert format.suffixes
        assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in format.suffixes)

    def test_what_is_written_comes_back(self, format: Format, path: Path, documents: list[Document]) -> None:
        """In order, with all that is `kept`, offsets in code points; documents may come one by one."""
        _write(format, iter(documents), path)
        back = [record.document for record in _read(format, path)]
        assert [d.text for d in back] == [d.text for d in documents]
        for field in sorted(self.kept):
            assert [getattr(d, field) for d in back] == [getattr(d, field) for d in documents]

    def test_a_record_has_its_line(self, format: Format, path: Path, documents: list[Document]) -> None:
        """Counted from 1, never falling: messages name it."""
        _write(format, documents, path)
        records = _read(format, path)
        assert all(isinstance(record, Record) for record in records)
        lines = [record.line for record in records]
        assert lines[0] >= 1
        assert lines == sorted(lines)

    def test_reading_again_gives_the_same(self, format: Format, path: Path, documents: list[Document]) -> None:
        """Nothing of one file is left in the object for the next."""
        _write(format, documents, path)
        assert _read(format, path) == _read(format, path)

    def test_a_write_that_breaks_off_leaves_no_file(
        self, format: Format, path: Path, documents: list[Document]
    ) -> None:
        """Whole or not at all: no half of it, and no temporary file."""
        with pytest.raises(_BrokenOffError):
            _write(format, _breaking(documents), path)
        assert list(path.parent.iterdir()) == []

    def test_a_write_that_breaks_off_leaves_what_was_there(
        self, format: Format, path: Path, documents: list[Document]
    ) -> None:
        """The file of before stands as it was, to the last byte."""
        _write(format, documents, path)
        before = _bytes(path.parent)
        with pytest.raises(_BrokenOffError if self.replaces else InputError):
            _write(format, _breaking(documents[:1]), path)
        assert _bytes(path.parent) == before

    def test_a_file_that_is_not_there_is_an_input_error(self, format: Format, path: Path) -> None:
        """It names the file."""
        with pytest.raises(InputError) as caught:
            _read(format, path.parent / f"nowhere{format.suffixes[0]}")
        assert "nowhere" in str(caught.value)

    def test_a_damaged_file_is_read_or_refused_in_words(
        self, format: Format, path: Path, documents: list[Document]
    ) -> None:
        """Cut off, with a byte turned, or something else altogether: documents or an InputError that names the file."""
        _write(format, documents, path)
        file = next(one for one in sorted(path.rglob("*")) if one.is_file()) if path.is_dir() else path
        whole = file.read_bytes()
        for content in (*_damaged(whole), *GARBAGE):
            file.write_bytes(content)
            found = _read_or_refusal(format, path)
            if isinstance(found, str):
                assert file.stem in found, content
            else:
                assert all(isinstance(record, Record) for record in found), content


class _BrokenOffError(Exception):
    """What interrupts a write in these tests."""


def _write(format: Format, documents: Sequence[Document] | Iterator[Document], path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FormatWarning)
        format.write(documents, path)


def _read(format: Format, path: Path) -> list[Record]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FormatWarning)
        return list(format.read(path))


def _read_or_refusal(format: Format, path: Path) -> list[Record] | str:
    try:
        return _read(format, path)
    except InputError as error:
        return str(error)


def _breaking(documents: Sequence[Document]) -> Iterator[Document]:
    yield from documents
    raise _BrokenOffError


def _bytes(folder: Path) -> dict[str, bytes]:
    return {str(one.relative_to(folder)): one.read_bytes() for one in sorted(folder.rglob("*")) if one.is_file()}


def _damaged(whole: bytes) -> Iterator[bytes]:
    for i in range(_CUTS):
        yield whole[: len(whole) * i // _CUTS]
    for i in range(_TURNED):
        at = len(whole) * i // _TURNED
        yield whole[:at] + b"\xff" + whole[at + 1 :]
