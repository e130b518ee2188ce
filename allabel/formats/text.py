"""Plain text: a line a document, or a file a document."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from allabel.document import DocId, Document
from allabel.errors import InputError
from allabel.formats.base import Record, warn_of
from allabel.formats.file_names import id_of_name
from allabel.formats.files import read_lines, read_text, require_inside, with_mark, write_atomically
from allabel.formats.folders import file_of, new_folder


class Text:
    """One document a line that is not blank, or one a `.txt` file of a folder; no entities, no meta.

    It is written as a folder where the name has no suffix.
    """

    name = "text"
    suffixes: tuple[str, ...] = (".txt",)

    def read(self, path: Path) -> Iterator[Record]:
        """Yield the texts unmodified, a line's own end apart; a folder's files in the order of their names."""
        if path.is_dir():
            yield from _read_folder(path)
            return
        for line, text in read_lines(path):
            if text.strip():
                yield Record(line, Document(DocId(f"{path.stem}-{line}"), text))

    def write(self, documents: Iterable[Document], path: Path) -> None:
        """Write one text a line, or a file each into a new folder. Raises InputError on what would not come back."""
        if not path.suffix:
            _write_folder(documents, path)
            return
        with write_atomically(path) as handle:
            for n, document in enumerate(documents):
                if "\n" in document.text or "\r" in document.text or not document.text.strip():
                    raise InputError(
                        f"the text of document {document.id!r} is blank or has more than one line",
                        file=path,
                        remedy="write jsonl, which keeps line ends; or name a new folder, with --to text",
                    )
                handle.write((document.text if n else with_mark(document.text)) + "\n")


def _write_folder(documents: Iterable[Document], path: Path) -> None:
    with new_folder(path) as folder:
        for document in documents:
            if not document.text:
                raise InputError(f"the text of document {document.id!r} is empty", file=path, remedy="leave it out")
            with write_atomically(file_of(document.id, folder, path)) as handle:
                handle.write(with_mark(document.text))


def _read_folder(folder: Path) -> Iterator[Record]:
    empty: list[str] = []
    for file in sorted(folder.glob("*.txt")):
        require_inside(file, folder)
        text = read_text(file)
        if text:
            yield Record(1, Document(id_of_name(file.stem, folder), text))
        else:
            empty.append(f"{file.name} is empty and was left out")
    warn_of(empty, folder)
