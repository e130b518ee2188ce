"""A table for spreadsheets: one entity a row, whether people marked it or a backend did."""

import csv
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TextIO

from allabel.document import Document
from allabel.formats.files import BOM
from allabel.formats.spreadsheet import guarded
from allabel.reply import Status, TaggedDocument


class EntityRow(NamedTuple):
    """An entity and where it stands: offsets in code points, end exclusive; `text` is what stands there.

    source: "annotated" by people or "tagged" by a backend. score and grounding: of a backend's entity alone.
    """

    id: str
    text: str
    label: str
    start: int
    end: int
    source: str
    score: float | None = None
    grounding: str = ""


def entity_rows(annotated: Iterable[Document], tagged: Iterable[TaggedDocument] = ()) -> Iterator[EntityRow]:
    """Give the entities that people marked, then those of the replies that went well, by document.

    Of a text that is annotated its replies are left out, and so are mentions that are not in their text.
    """
    known = set()
    for document in annotated:
        known.add(document.id)
        for span in sorted(document.entities or ()):
            found = document.text[span.start : span.end]
            yield EntityRow(document.id, found, span.label, span.start, span.end, "annotated")
    for one in tagged:
        for p in one.reply.proposals if one.reply.status is Status.OK and one.id not in known else ():
            if p.span is not None:
                start, end = p.span.start, p.span.end
                yield EntityRow(one.id, one.text[start:end], p.label, start, end, "tagged", p.score, p.grounding.value)


def write_entity_table(rows: Iterable[EntityRow], out: TextIO) -> int:
    """Write CSV with a header and return the number of rows; nothing of ours reads it back.

    It begins with a byte order mark, without which spreadsheets misread µ and α, and what one would run as a formula
    has an apostrophe before it.
    """
    out.write(BOM)
    writer = csv.writer(out)
    writer.writerow(EntityRow._fields)
    n = 0
    for row in rows:
        writer.writerow([guarded(cell) if isinstance(cell, str) else cell for cell in row])
        n += 1
    return n
