"""The format `ris`: abstracts as reference managers export them."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from allabel.document import DocId, Document
from allabel.errors import InputError
from allabel.formats.base import Losses, Record, warn_of
from allabel.formats.files import read_lines, write_atomically

_FIELD = re.compile(r"([A-Z][A-Z0-9])  - ?(.*)")
_ABSTRACT, _TITLE, _DOI, _ID = ("AB", "N2"), ("TI", "T1"), ("DO",), ("ID",)


class Ris:
    """Reads the abstract of each reference, its title and DOI as meta; writes a reference a document, without entities.

    A reference without an abstract is left out with a warning.
    """

    name = "ris"
    suffixes: tuple[str, ...] = (".ris",)

    def read(self, path: Path) -> Iterator[Record]:
        """Yield a document a reference. Raises InputError naming the line that belongs to none, or has no end."""
        left_out = []
        for line, fields in _references(path):
            document = _document(fields, f"{path.stem}-{line}")
            if document is None:
                left_out.append(f"the reference in line {line} has no abstract and was left out")
            else:
                yield Record(line, document)
        warn_of(left_out, path)

    def write(self, documents: Iterable[Document], path: Path) -> None:
        """Write a reference a document. Raises InputError on a text that would not come back as one line."""
        losses = Losses(path)
        with write_atomically(path) as file:
            for document in documents:
                if not document.text.strip() or {"\n", "\r"} & {*document.text, *document.id}:
                    raise InputError(
                        f"the text of document {document.id!r} is blank or has more than one line",
                        file=path,
                        remedy="write jsonl, which keeps line ends",
                    )
                losses.of_document(document, meta=not document.meta.keys() <= {"title", "doi"})
                losses.add("entities left out", f"document {document.id!r}", len(document.entities or ()))
                told = {"TI": document.meta.get("title"), "DO": document.meta.get("doi")}
                lines = [
                    "TY  - GEN",
                    f"ID  - {document.id}",
                    *(f"{tag}  - {word}" for tag, word in told.items() if word),
                ]
                file.write("\n".join([*lines, f"AB  - {document.text}", "ER  - ", "", ""]))
        losses.tell()


def _references(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the line where each reference begins, and its fields by tag; of a repeated one the last."""
    fields: dict[str, str] | None = None
    begins, last = 0, ""
    for line, text in read_lines(path):
        match = _FIELD.fullmatch(text)
        tag, value = match.groups() if match else ("", text.strip())
        if fields is None and (tag or value) and tag != "TY":
            problem = f"{text!r:.60} belongs to no reference"
            raise InputError(problem, file=path, line=line, remedy="begin each reference with: TY  - JOUR")
        if fields is not None and tag == "ER":
            yield begins, fields
            fields = None
        elif tag == "TY":
            if fields is not None:
                raise _endless(path, begins)
            fields, begins, last = {}, line, tag
        elif fields is not None and tag:
            fields[tag], last = value, tag
        elif fields is not None and value:  # some programs break long abstracts into lines
            fields[last] = f"{fields.get(last, '')} {value}"
    if fields is not None:
        raise _endless(path, begins)


def _endless(path: Path, line: int) -> InputError:
    return InputError("the reference has no end", file=path, line=line, remedy="end each reference with: ER  - ")


def _document(fields: dict[str, str], default_id: str) -> Document | None:
    def first(tags: tuple[str, ...]) -> str:
        return next((fields[tag] for tag in tags if fields.get(tag, "").strip()), "")

    text = first(_ABSTRACT)
    if not text:
        return None
    meta = {"title": first(_TITLE), "doi": first(_DOI)}
    return Document(DocId(first(_ID) or default_id), text, meta={key: word for key, word in meta.items() if word})
