"""The table of entities: whose they are, and what has no row is said."""

import csv
from pathlib import Path

import pytest

from allabel.document import DocId, Document, Span
from allabel.formats.base import FormatWarning
from allabel.formats.entity_table import EntityRow, entity_table
from allabel.reply import Grounding, Proposal, Reply, Status, TaggedDocument

FOUND = Proposal("Reagent", "NaCl", Span(0, 4, "Reagent"), Grounding.EXACT, 0.5)
LOST = Proposal("Reagent", "KBr", None, Grounding.MISSING)


def tagged(id: str, reply: Reply) -> TaggedDocument:
    return TaggedDocument(DocId(id), "NaCl in water", reply, "b", "m")


def test_what_people_marked_takes_the_place_of_what_a_backend_said_of_the_text() -> None:
    annotated = [Document(DocId("a"), "NaCl in water", (Span(8, 13, "Solvent"),)), Document(DocId("b"), "x", ())]
    replies = [tagged(id, Reply(Status.OK, (FOUND,))) for id in "abc"]
    assert entity_table(annotated, replies).rows == (
        EntityRow("a", "water", "Solvent", 8, 13, "annotated"),
        EntityRow("c", "NaCl", "Reagent", 0, 4, "tagged", 0.5, "exact"),
    )


def test_a_text_without_a_usable_reply_is_not_one_without_entities(tmp_path: Path) -> None:
    replies = [
        tagged("a", Reply(Status.OK, (FOUND, LOST))),
        tagged("b", Reply(Status.FAILED, (FOUND,), error="no answer")),
    ]
    path = tmp_path / "entities.csv"
    with pytest.warns(FormatWarning, match="1 text without a usable reply and 1 mention without a place in the text"):
        entity_table([], replies).write(path)
    (row,) = csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines())
    assert row["id"] == "a"
