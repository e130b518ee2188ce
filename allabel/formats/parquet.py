"""Parquet with the native columns, a row a document; a table of tokens is read as Hugging Face has it."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from allabel.document import Document
from allabel.errors import InputError
from allabel.formats.arrow import arrow, column_names, read_rows, write_rows
from allabel.formats.base import Record
from allabel.formats.huggingface import read_token_rows, token_columns
from allabel.formats.native import document_json, dump_json, parse_document, parse_json
from allabel.formats.places import Item, refuse_surrogate

_COLUMNS = ("id", "text", "entities", "values", "seconds", "meta", "status")
_TEXT_NAMES = ("text", "sentence")


class Parquet:
    """Reads and writes id, text, entities (list of start, end, label), values, seconds and meta (JSON); loses nothing.

    Other columns are not read, so that a row costs what its text costs. Reading and writing keep a batch of rows in
    memory. Repeated ids are not looked for here: that would keep all of them.
    """

    name = "parquet"
    suffixes: tuple[str, ...] = (".parquet",)

    def read(self, path: Path) -> Iterator[Record]:
        """Yield a document a row; a folder's parts in the order of their names. Raises InputError naming the row."""
        for part in sorted(path.glob("*.parquet")) if path.is_dir() else [path]:
            names = column_names(part)
            if not set(_TEXT_NAMES) & set(names) and token_columns(names):
                yield from read_token_rows(part, part.stem)
            else:
                yield from _read_part(part, names)

    def write(self, documents: Iterable[Document], path: Path) -> None:
        """Write the documents so that `read` gives equal ones back."""
        write_rows((_row(document, path) for document in documents), _schema(), path)


def _read_part(path: Path, names: list[str]) -> Iterator[Record]:
    text = next((name for name in _TEXT_NAMES if name in names), None)
    if text is None:
        raise InputError(
            f"has no text column among {', '.join(names)}",
            file=path,
            remedy="name the columns id, text, entities; a table of tokens has tokens and ner_tags",
        )
    for number, row in read_rows(path, [text, *(name for name in _COLUMNS if name in names and name != text)]):
        at = Item(path, None, f"row {number}")
        yield Record(number, parse_document(_native({**row, "text": row[text]}, at), f"{path.stem}-{number}", at))


def _native(row: dict[str, Any], at: Item) -> dict[str, Any]:
    """The row as the native JSON of a document."""
    meta, values = row.get("meta"), row.get("values")
    if isinstance(meta, str):
        row["meta"] = parse_json(meta, at) if meta else None
    # A column of another shape stays as it is: `parse_document` says what is wrong with it.
    if isinstance(values, list) and all(isinstance(one, dict) and isinstance(one.get("label"), str) for one in values):
        by_label = {one["label"]: one.get("strings") for one in values}
        row["values"] = by_label if len(by_label) == len(values) else values
    if row.get("status") is None:
        row.pop("status", None)
    return row


def _row(document: Document, path: Path) -> dict[str, Any]:
    name = f"document {document.id!r}"
    for text in (document.id, document.text, *(span.label for span in document.entities or ())):
        refuse_surrogate(text, name, path)
    data = document_json(document)
    values = data.get("values")
    data["values"] = None if values is None else [{"label": k, "strings": v} for k, v in values.items()]
    data["meta"] = dump_json(data["meta"], name, path)
    return data


def _schema() -> Any:
    pa = arrow()
    span = pa.struct([("start", pa.int64()), ("end", pa.int64()), ("label", pa.string())])
    value = pa.struct([("label", pa.string()), ("strings", pa.list_(pa.string()))])
    return pa.schema(
        [
            *((name, pa.string()) for name in ("id", "text")),
            ("entities", pa.list_(span)),
            ("values", pa.list_(value)),
            ("seconds", pa.float64()),
            ("meta", pa.string()),
        ]
    )
