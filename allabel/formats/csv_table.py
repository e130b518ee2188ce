"""CSV: a table of documents, or a table of tokens; the header tells which."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from allabel.document import Document
from allabel.errors import InputError
from allabel.formats.base import Record
from allabel.formats.csv_rows import Row, Rows
from allabel.formats.csv_tokens import read_token_table, token_columns
from allabel.formats.files import write_atomically
from allabel.formats.native import Place, document_json, parse_document, parse_json
from allabel.formats.spreadsheet import guarded, is_formula, unguarded

_TEXT_NAMES = ("text", "sentence")
_GUARDED = ("id", "text")
_OURS = [*_GUARDED, "entities", "guarded"]


class Csv:
    """Reads both tables; writes id, text and entities (JSON; an empty cell is "not annotated").

    `values` and `meta` are not written. An id or a text that a spreadsheet would run as a formula gets an apostrophe
    before it, and a fourth column, `guarded`, names the cells of the row that have one; reading takes it off again.
    Tables without that column are read as they are.
    """

    name = "csv"
    suffixes: tuple[str, ...] = (".csv",)

    def read(self, path: Path) -> Iterator[Record]:
        """Yield the documents in order. Raises InputError where the header names neither text nor token and tag."""
        rows = Rows(path)
        body = iter(rows)
        header = next((row for row in body if row.cells), None)
        if header is None:
            return
        if token_columns(header.cells):
            yield from read_token_table(rows, body, header.cells)
        else:
            yield from read_table_rows(path, body, header)

    def write(self, documents: Iterable[Document], path: Path) -> None:
        """Write the documents so that `read` gives their ids, texts and entities back."""
        with write_atomically(path) as handle:
            writer = csv.writer(handle)
            writer.writerow(_OURS)
            for document in documents:
                data = document_json(document)
                entities = json.dumps(data["entities"], ensure_ascii=False) if "entities" in data else ""
                marked = [name for name in _GUARDED if is_formula(data[name])]
                writer.writerow([guarded(document.id), guarded(document.text), entities, " ".join(marked)])


def read_table_rows(path: Path, body: Iterator[Row], header: Row) -> Iterator[Record]:
    """Read the rows under a header with a column `text`. Raises InputError naming the line of the first bad one."""
    names = _native_names(header.cells)
    twice = next((name for name in ("id", "text", "entities") if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(
            f"has the column {twice!r} twice", file=path, line=header.line, remedy="name each column differently"
        )
    if "text" not in names:
        raise InputError(
            f"has no text column among {', '.join(header.cells)}",
            file=path,
            line=header.line,
            remedy="name the columns id, text, entities with commas between; a token table has Word … Tag",
        )
    for row in body:
        if not any(row.cells):
            continue
        at = Place(path, row.line)
        if len(row.cells) != len(names):
            raise at.wrong(
                f"has {len(row.cells)} cells, the header {len(names)}", "put cells with a comma in double quotes"
            )
        cells = dict(zip(names, row.cells, strict=True))
        if names == _OURS:
            for name in cells.pop("guarded").split():
                if name in _GUARDED:
                    cells[name] = unguarded(cells[name])
        yield Record(row.line, _document(cells, path, at))


def _native_names(header: Sequence[str]) -> list[str]:
    """The header with id, text and entities in lower case, and the first of the other text names as text."""
    lower = [name.strip().lower() for name in header]
    text = next((lower.index(name) for name in _TEXT_NAMES if name in lower), None)
    return [
        "text" if i == text else low if low in {"id", "entities"} else name
        for i, (low, name) in enumerate(zip(lower, header, strict=True))
    ]


def _document(cells: dict[str, str], path: Path, at: Place) -> Document:
    meta = {name: cell for name, cell in cells.items() if name not in {"id", "text", "entities"}}
    entities = cells.get("entities", "").strip()
    data = {
        "id": cells.get("id") or None,
        "text": cells["text"],
        "entities": parse_json(entities, at) if entities else None,
        "meta": meta,
    }
    return parse_document(data, f"{path.stem}-{at.line}", at)
