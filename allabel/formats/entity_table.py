"""A table for spreadsheets: one entity a row, whether people marked it or a backend did."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TextIO

from allabel.document import Document
from allabel.formats.base import warn_of
from allabel.formats.files import BOM, write_atomically
from allabel.formats.spreadsheet import guarded
from allabel.reply import Status, TaggedDocument
from allabel.wording import counted


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


@dataclass(frozen=True, slots=True)
class EntityTable:
    """The rows, and what has none: texts without a usable reply, and mentions that have no place in their text."""

    rows: tuple[EntityRow, ...]
    n_failed: int = 0
    n_lost: int = 0

    @property
    def left_out(self) -> str:
        """Say what the table cannot tell, "" where that is nothing: a text without rows need not be one without any."""
        failed = f"{counted(self.n_failed, 'text')} without a usable reply" if self.n_failed else ""
        lost = f"{counted(self.n_lost, 'mention')} without a place in the text" if self.n_lost else ""
        told = " and ".join(filter(None, (failed, lost)))
        return told and f"not in the table: {told}; the tagged texts as JSONL have them"

    def write(self, path: Path) -> None:
        """Write it to a file, whole or not at all; what is left out is said in a FormatWarning."""
        with write_atomically(path) as out:
            self.write_to(out)
        warn_of([self.left_out] if self.left_out else [], path)

    def write_to(self, out: TextIO) -> None:
        """Write CSV with a header; nothing of ours reads it back.

        It begins with a byte order mark, without which spreadsheets misread µ and α, and what one would run as a
        formula has an apostrophe before it.
        """
        out.write(BOM)
        writer = csv.writer(out)
        writer.writerow(EntityRow._fields)
        writer.writerows([guarded(cell) if isinstance(cell, str) else cell for cell in row] for row in self.rows)


def entity_table(annotated: Iterable[Document], tagged: Iterable[TaggedDocument]) -> EntityTable:
    """Give the entities that people marked, then those of backends, each in order.

    Of a text that is annotated what people marked is there, and not what a backend said of it.
    """
    rows: list[EntityRow] = []
    known, n_failed, n_lost = set(), 0, 0
    for document in annotated:
        known.add(document.id)
        for span in sorted(document.entities or ()):
            found = document.text[span.start : span.end]
            rows.append(EntityRow(document.id, found, span.label, span.start, span.end, "annotated"))
    for one in tagged:
        if one.id in known:
            continue
        n_failed += one.reply.status is not Status.OK
        n_lost += len(one.reply.proposals) - len(one.placed) if one.reply.status is Status.OK else 0
        for s, p in one.placed:
            found = one.text[s.start : s.end]
            rows.append(EntityRow(one.id, found, s.label, s.start, s.end, "tagged", p.score, p.grounding.value))
    return EntityTable(tuple(rows), n_failed, n_lost)
