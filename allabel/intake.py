"""What a project lets in: known labels, flat spans unless the schema says otherwise, one text and one gold an id."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from allabel.document import DocId, Document, longest_spans
from allabel.errors import InputError, LabelError, SpanError
from allabel.formats.base import Record
from allabel.schema import LabelSchema


class Intake:
    """Checks the records of one file against a project.

    flat: keep the longest of overlapping spans in place of refusing them. Every refusal is an InputError that names
    file, line, value and remedy.
    """

    def __init__(
        self,
        schema: LabelSchema,
        file: Path,
        documents: Iterable[Document],
        gold: Mapping[DocId, Document],
        *,
        flat: bool = False,
    ) -> None:
        self._schema, self._file, self._flat = schema, file, flat
        self._texts = {document.id: document.text for document in documents}
        self._gold = dict(gold)
        self._lines: dict[DocId, int] = {}

    def admit(self, records: Iterable[Record], *, as_gold: bool = True) -> Iterator[Document]:
        """Yield the records' documents, each checked. as_gold: an answer must equal the gold that is there."""
        records = list(records)
        self._refuse_unknown_labels(records)
        for record in records:
            document = record.document
            if document.entities is not None and not self._schema.overlap:
                document = self._flattened(document, record.line)
            self._refuse_other_text(document, record.line)
            if as_gold and document.is_gold:
                self._refuse_other_gold(document, record.line)
            self._lines.setdefault(document.id, record.line)
            yield document

    def _refuse_unknown_labels(self, records: Iterable[Record]) -> None:
        """Raise LabelError at the first unknown label, and name all of them: mending them one by one takes long."""
        unknown: dict[str, int] = {}
        for record in records:
            document = record.document
            for label in [*(span.label for span in document.entities or ()), *(document.values or ())]:
                if label not in self._schema.names:
                    unknown.setdefault(label, record.line)
        if unknown:
            label, line = next(iter(unknown.items()))
            more = f"; nor are {', '.join(map(repr, list(unknown)[1:]))}" if len(unknown) > 1 else ""
            raise LabelError(
                f"the label {label!r} is not in the schema ({', '.join(self._schema.names)}){more}",
                file=self._file,
                line=line,
                remedy="add it to labels.toml of the project, or mend the file",
            )

    def _flattened(self, document: Document, line: int) -> Document:
        spans = sorted(document.entities or ())
        if self._flat:
            return replace(document, entities=longest_spans(spans))
        for left, right in itertools.pairwise(spans):
            if left.overlaps(right):
                raise SpanError(
                    f"the spans [{left.start}, {left.end}) {left.label!r} and [{right.start}, {right.end}) "
                    f"{right.label!r} of {document.id!r} overlap, and the label schema does not allow it",
                    file=self._file,
                    line=line,
                    remedy="import --flat keeps the longest of them; overlap = true in labels.toml keeps all",
                )
        return document

    def _refuse_other_text(self, document: Document, line: int) -> None:
        known = self._texts.setdefault(document.id, document.text)
        if known != document.text:
            raise InputError(
                f"the id {document.id!r} stands for another text{self._where(document.id)}",
                file=self._file,
                line=line,
                remedy="give the document an id of its own",
            )

    def _refuse_other_gold(self, document: Document, line: int) -> None:
        known = self._gold.setdefault(document.id, document)
        if (known.entities, known.values) != (document.entities, document.values):
            raise InputError(
                f"the document {document.id!r} has other gold{self._where(document.id)}, and gold is not overwritten",
                file=self._file,
                line=line,
                remedy="keep one of the two, or import people's corrections with --as annotations",
            )

    def _where(self, id: DocId) -> str:
        return f" on line {self._lines[id]}" if id in self._lines else " in the project"


def text_only(record: Record) -> Record:
    """Return the record without its answer, whatever that says."""
    return replace(record, document=replace(record.document, entities=None, values=None, seconds=None))
