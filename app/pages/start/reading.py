"""Reading a file to the end although it has problems: what is sound, and everything that is not."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from allabel.document import DocId, Document
from allabel.errors import InputError
from allabel.formats.base import Record
from allabel.formats.csv_rows import Row, Rows
from allabel.formats.csv_table import read_table_rows
from allabel.formats.csv_tokens import token_columns
from allabel.formats.files import BOM, read_bytes_lines
from allabel.formats.native import Place, parse_document, parse_object
from allabel.formats.registry import by_name, detect
from allabel.intake import Intake, text_only
from allabel.schema import LabelSchema
from app.noted import format_notes

_NEW_LABEL = "add it under Labels, or mend the file; Texts only leaves all answers out"


@dataclass(slots=True)
class Found:
    """What a file holds. lines: where each problem occurs, by the problem and its remedy, in the order of the file.

    whole: every record was looked at. notes: what was left out or filled in.
    """

    format: str
    records: list[Record] = field(default_factory=list)
    lines: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    whole: bool = True
    notes: list[str] = field(default_factory=list)

    def add(self, error: InputError) -> None:
        """Keep a problem with its line."""
        self.lines.setdefault((error.problem, error.remedy), []).append(error.line or 0)

    @property
    def n_problems(self) -> int:
        """How many places are wrong."""
        return sum(map(len, self.lines.values()))


def read_file(path: Path, format: str = "auto") -> Found:
    """Read all records that can be read, and keep every problem of the others.

    JSONL and CSV tables are read on after a bad record; the other formats hang together, and reading ends at the
    first problem (`whole` is False then). Raises InputError where the format cannot be told.
    """
    chosen = detect(path) if format == "auto" else by_name(format)
    found = Found(chosen.name)
    with format_notes(path) as notes:
        if chosen.name == "jsonl":
            _read_each(_json_lines(path), found)
        elif chosen.name == "csv" and (rows := _table_rows(path, found)) is not None:
            _read_each(rows, found)
        elif chosen.name != "csv" or found.whole:
            _read_on(chosen.read(path), found)
    found.notes += notes
    if not found.records and not found.lines:
        found.add(InputError("holds no documents", remedy="check that this is the file you mean"))
    return found


def check(
    found: Found,
    schema: LabelSchema,
    file: Path,
    documents: Iterable[Document],
    gold: dict[DocId, Document],
    *,
    role: str,
    flat: bool,
) -> None:
    """Add what the project refuses of the records: unknown labels, overlaps, other texts, other gold, no answers.

    role "texts": what answers there are is left out, whatever they say.
    """
    if role == "texts":
        found.records = [text_only(record) for record in found.records]
    intake = Intake(schema, file, documents, gold, flat=flat)
    for record in found.records:
        # One label is one thing to mend: told together, each mixture of labels would be a kind of its own.
        if unknown := _unknown_labels(record.document, schema):
            for label in unknown:
                problem = f"the label {label!r} is not among the project's ({', '.join(schema.names)})"
                found.add(InputError(problem, line=record.line, remedy=_NEW_LABEL))
            continue
        try:
            list(intake.admit([record], as_gold=role in {"auto", "gold"}))
        except InputError as error:
            found.add(error)
    answered = [one for one in found.records if one.document.is_gold]
    if role in {"gold", "annotations"} and not answered:
        found.add(InputError(f"no document carries an answer to take as {role}", remedy="take the file as texts"))
    if role == "annotations":
        for one in answered:
            if one.document.entities is None:
                found.add(InputError("values without offsets cannot be annotations", line=one.line, remedy="as gold"))


def _unknown_labels(document: Document, schema: LabelSchema) -> list[str]:
    named = [*(span.label for span in document.entities or ()), *(document.values or ())]
    return [label for label in dict.fromkeys(named) if label not in schema.names]


def _read_on(records: Iterator[Record], found: Found) -> None:
    try:
        found.records.extend(records)
    except InputError as error:
        found.add(error)
        found.whole = False


def _read_each(records: Iterator[Record | InputError], found: Found) -> None:
    try:
        for one in records:
            if isinstance(one, InputError):
                found.add(one)
            else:
                found.records.append(one)
    except InputError as error:  # the file itself cannot be read on, by an unclosed quote for example
        found.add(error)
        found.whole = False


def _json_lines(path: Path) -> Iterator[Record | InputError]:
    for line, raw in read_bytes_lines(path):
        at = Place(path, line)
        try:
            source = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            yield at.wrong(f"byte {error.start + 1} of the line is not UTF-8", "save the file as UTF-8")
            continue
        source = source.removeprefix(BOM) if line == 1 else source
        try:
            if source.strip():
                yield Record(line, parse_document(parse_object(source, at), f"{path.stem}-{line}", at))
        except InputError as error:
            yield error


def _table_rows(path: Path, found: Found) -> Iterator[Record | InputError] | None:
    """Give a CSV table's records one by one; None for a table of tokens, whose rows make sentences together."""
    body = iter(Rows(path))
    try:
        header = next((row for row in body if row.cells), None)
    except InputError as error:
        found.add(error)
        found.whole = False
        return None
    if header is None or token_columns(header.cells):
        return None
    return _each_row(path, header, body)


def _each_row(path: Path, header: Row, body: Iterator[Row]) -> Iterator[Record | InputError]:
    # A header without a text column is wrong once, and not once a row.
    yield from read_table_rows(path, iter([]), header)
    for row in body:
        try:
            yield from read_table_rows(path, iter([row]), header)
        except InputError as error:
            yield error
