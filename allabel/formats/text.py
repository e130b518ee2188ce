"""Plain text: a line a document, or a file a document."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from allabel.document import DocId, Document
from allabel.errors import InputError
from allabel.formats.base import Record, warn_of
from allabel.formats.files import BOM, read_lines, read_text, require_inside, write_atomically


class Text:
    """One document a line that is not blank, or one a `.txt` file of a folder; no entities, no meta."""

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
        """Write one text a line. Raises InputError on a text that would not come back as one line."""
        with write_atomically(path) as handle:
            for n, document in enumerate(documents):
                if "\n" in document.text or "\r" in document.text or not document.text.strip():
                    raise InputError(
                        f"the text of document {document.id!r} is blank or has more than one line",
                        file=path,
                        remedy="write jsonl, which keeps line ends",
                    )
                # Readers drop one byte order mark at the start of a file, so one is put before a text's own.
                handle.write(BOM if n == 0 and document.text.startswith(BOM) else "")
                handle.write(document.text + "\n")


def _read_folder(folder: Path) -> Iterator[Record]:
    empty: list[str] = []
    for file in sorted(folder.glob("*.txt")):
        require_inside(file, folder)
        text = read_text(file)
        if text:
            yield Record(1, Document(DocId(file.stem), text))
        else:
            empty.append(f"{file.name} is empty and was left out")
    warn_of(empty, folder)
