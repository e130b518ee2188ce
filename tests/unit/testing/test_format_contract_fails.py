"""Each promise of `FormatContract` is broken by a format, and the contract says so."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from contract_cases import breaks, promises_of, run

from allabel.document import Document, Span
from allabel.formats.base import Record
from allabel.formats.jsonl import Jsonl
from allabel.formats.native import document_json
from allabel.testing import FormatContract
from allabel.testing.format import documents_with


class BareSuffix(Jsonl):
    suffixes: Any = ".jsonl"


class CountsUtf16(Jsonl):
    """Writes offsets in UTF-16 units and reads them as code points."""

    def write(self, documents: Iterable[Document], path: Path) -> None:
        def moved(d: Document) -> Document:
            def unit(i: int) -> int:
                return min(len(d.text), len(d.text[:i].encode("utf-16-le")) // 2)

            return Document(
                d.id, d.text, d.entities and tuple(Span(unit(s.start), unit(s.end), s.label) for s in d.entities)
            )

        super().write(map(moved, documents), path)


class EmptyForUnknown(Jsonl):
    """Takes a text that nobody annotated for one without entities."""

    def read(self, path: Path) -> Iterator[Record]:
        for r in super().read(path):
            yield Record(r.line, Document(r.document.id, r.document.text, r.document.entities or ()))


class LinesFromZero(Jsonl):
    def read(self, path: Path) -> Iterator[Record]:
        for n, record in enumerate(super().read(path)):
            yield Record(n, record.document)


class BareDocuments(Jsonl):
    def read(self, path: Path) -> Iterator[Any]:
        for record in super().read(path):
            yield record.document


class Remembering(Jsonl):
    """Leaves out ids that it read before, in whatever file."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def read(self, path: Path) -> Iterator[Record]:
        for record in super().read(path):
            if record.document.id not in self.seen:
                self.seen.add(record.document.id)
                yield record


class InPlace(Jsonl):
    """Writes into the file itself."""

    def write(self, documents: Iterable[Document], path: Path) -> None:
        with path.open("w", encoding="utf-8") as file:
            for document in documents:
                file.write(json.dumps(document_json(document)) + "\n")


class LeavesTemporary(Jsonl):
    """Writes beside the file, and does not tidy up."""

    def write(self, documents: Iterable[Document], path: Path) -> None:
        beside = path.with_suffix(".tmp")
        with beside.open("w", encoding="utf-8") as file:
            for document in documents:
                file.write(json.dumps(document_json(document)) + "\n")
        beside.replace(path)


class RemovesFirst(Jsonl):
    def write(self, documents: Iterable[Document], path: Path) -> None:
        path.unlink(missing_ok=True)
        super().write(documents, path)


class OsErrors(Jsonl):
    def read(self, path: Path) -> Iterator[Record]:
        path.read_bytes()
        yield from super().read(path)


class Trusting(Jsonl):
    """Takes for granted that a file is UTF-8."""

    def read(self, path: Path) -> Iterator[Record]:
        path.read_text(encoding="utf-8")
        yield from super().read(path)


BREAKS: dict[str, list[Callable[[], Jsonl]]] = {
    "test_it_has_a_name_and_suffixes": [BareSuffix],
    "test_what_is_written_comes_back": [CountsUtf16, EmptyForUnknown],
    "test_a_record_has_its_line": [LinesFromZero, BareDocuments],
    "test_reading_again_gives_the_same": [Remembering],
    "test_a_write_that_breaks_off_leaves_no_file": [InPlace, LeavesTemporary],
    "test_a_write_that_breaks_off_leaves_what_was_there": [InPlace, RemovesFirst, LeavesTemporary],
    "test_a_file_that_is_not_there_is_an_input_error": [OsErrors],
    "test_a_damaged_file_is_read_or_refused_in_words": [Trusting],
}


class Everything(FormatContract):
    kept = frozenset({"id", "entities", "values", "meta", "seconds"})


def given(make: Callable[[], Jsonl], folder: Path) -> dict[str, Any]:
    (folder / "out").mkdir(exist_ok=True)
    return {
        "format": make(),
        "path": folder / "out" / "corpus.jsonl",
        "documents": documents_with(Everything.kept),
    }


def test_every_promise_has_a_format_that_breaks_it() -> None:
    assert sorted(BREAKS) == promises_of(FormatContract)


@pytest.mark.parametrize(("promise", "broken"), [(promise, one) for promise, all_ in BREAKS.items() for one in all_])
def test_a_format_that_breaks_a_promise_fails_there(promise: str, broken: Callable[[], Jsonl], tmp_path: Path) -> None:
    assert breaks(Everything(), promise, given(broken, tmp_path))


@pytest.mark.parametrize("promise", BREAKS)
def test_a_format_that_keeps_all_passes(promise: str, tmp_path: Path) -> None:
    run(Everything(), promise, given(Jsonl, tmp_path))
