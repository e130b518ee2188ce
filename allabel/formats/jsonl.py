"""The native format: one JSON object a line, one document an object."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from allabel.document import Document
from allabel.formats.base import Record
from allabel.formats.files import read_lines, write_atomically
from allabel.formats.native import Place, document_json, dump_json, parse_document, parse_object


class Jsonl:
    """Native JSONL; also reads tagged output, where a failed reply is a document that nobody annotated."""

    name = "jsonl"
    suffixes: tuple[str, ...] = (".jsonl",)

    def read(self, path: Path) -> Iterator[Record]:
        """Yield the documents in order; blank lines count but hold nothing."""
        for line, source in read_lines(path):
            if source.strip():
                at = Place(path, line)
                yield Record(line, parse_document(parse_object(source, at), f"{path.stem}-{line}", at))

    def write(self, documents: Iterable[Document], path: Path) -> None:
        """Write the documents so that `read` gives equal ones back."""
        with write_atomically(path) as handle:
            for document in documents:
                handle.write(dump_json(document_json(document), f"document {document.id!r}", path) + "\n")
