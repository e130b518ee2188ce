"""What a project lets in: known labels, and spans that do not overlap unless the schema allows it."""

import itertools
from dataclasses import replace
from pathlib import Path

from allabel.document import Document, longest_spans
from allabel.errors import SpanError
from allabel.formats.base import Record
from allabel.schema import LabelSchema


def checked(record: Record, schema: LabelSchema, file: Path, *, flat: bool = False) -> Document:
    """Return the record's document, its answers checked against the schema.

    flat: keep the longest of overlapping spans in place of refusing them.
    Raises LabelError and SpanError naming file, line, value and remedy.
    """
    document = record.document
    for label in [*(span.label for span in document.entities or ()), *(document.values or ())]:
        schema.check(label, file=file, line=record.line)
    if document.entities is None or schema.overlap:
        return document
    if flat:
        return replace(document, entities=longest_spans(document.entities))
    spans = sorted(document.entities)
    for left, right in itertools.pairwise(spans):
        if left.overlaps(right):
            raise SpanError(
                f"the spans [{left.start}, {left.end}) {left.label!r} and [{right.start}, {right.end}) {right.label!r} "
                f"of {document.id!r} overlap, and the label schema does not allow it",
                file=file,
                line=record.line,
                remedy="import --flat keeps the longest of them; overlap = true in labels.toml keeps all",
            )
    return document
