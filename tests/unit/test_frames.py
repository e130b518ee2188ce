"""Documents, predictions and scores as data frames: every text is a row, and what failed is not mistaken for empty."""

import sys

import pytest

from allabel import frames
from allabel.client import Entity, Tagged, Ungrounded, to_dataframes
from allabel.document import DocId, Document, Span
from allabel.errors import MissingExtraError
from allabel.reply import Grounding, Proposal, Reply, Status, TaggedDocument

TEXT = "😀 NaCl in water"
SALT = Proposal("Salt", "NaCl", Span(2, 6, "Salt"), Grounding.EXACT, 0.9)
WATER = Proposal("Solvent", "Water", Span(10, 15, "Solvent"), Grounding.NORMALISED)
LOST = Proposal("Salt", "KCl", None, Grounding.MISSING)
TAGGED = [
    TaggedDocument(DocId("a"), TEXT, Reply(Status.OK, (SALT, WATER, LOST), 1.25), "chat", "m"),
    TaggedDocument(DocId("b"), "Nothing", Reply(Status.OK), "chat", "m"),
    TaggedDocument(DocId("c"), "Long", Reply(Status.TRUNCATED, (SALT,), error="the window is full"), "chat", "m"),
]


def test_predictions_and_the_clients_results_are_the_same_frames():
    found = (
        Entity(2, 6, "Salt", "NaCl", "NaCl", 0.9, Grounding.EXACT),
        Entity(10, 15, "Solvent", "water", "Water", None, Grounding.NORMALISED),
    )
    lost = (Ungrounded("Salt", "KCl", None, Grounding.MISSING),)
    of = {"backend": "chat", "model": "m"}
    results = [
        Tagged(0, "a", TEXT, Status.OK, found, lost, perplexity=1.25, **of),
        Tagged(1, "b", "Nothing", Status.OK, (), **of),
        Tagged(2, "c", "Long", Status.TRUNCATED, error="the window is full", **of),
    ]
    for ours, theirs in zip(frames.of_tagged(iter(TAGGED)), to_dataframes(results), strict=True):
        assert ours.equals(theirs)
        assert list(ours.dtypes) == list(theirs.dtypes)


def test_a_text_that_was_not_tagged_has_no_number_of_entities_and_no_entity():
    entities, documents = frames.of_tagged(TAGGED)
    assert list(documents["n_entities"].fillna(-1)) == [2, 0, -1]
    assert list(documents["n_ungrounded"]) == [1, 0, 0]
    assert list(entities["id"]) == ["a", "a"]
    assert list(entities["text"]) == ["NaCl", "water"]
    assert list(documents["error"]) == ["", "", "the window is full"]


def test_documents_and_their_spans_are_frames_and_not_annotated_differs_from_empty():
    spans = (Span(2, 6, "Salt"), Span(10, 15, "Solvent"))
    documents = [
        Document(DocId("a"), TEXT, spans, seconds=12.5),
        Document(DocId("b"), "Stirred.", ()),
        Document(DocId("c"), "New."),
    ]
    entities, texts = frames.of_documents(documents)
    assert entities.to_numpy().tolist() == [
        [0, "a", 2, 6, "Salt", "NaCl"],
        [0, "a", 10, 15, "Solvent", "water"],
    ]
    assert list(texts["n_entities"].fillna(-1)) == [2, 0, -1]
    assert texts["seconds"].iloc[0] == 12.5
    assert list(texts["seconds"].isna()) == [False, True, True]


def test_values_without_offsets_are_a_row_each():
    documents = [Document(DocId("x"), "t"), Document(DocId("a"), TEXT, values={"Salt": ("NaCl", "KCl"), "Acid": ()})]
    assert frames.of_values(documents).to_numpy().tolist() == [[1, "a", "Salt", "NaCl"], [1, "a", "Salt", "KCl"]]


def test_frames_of_nothing_have_the_columns_and_types_of_others():
    for some, none in (
        (frames.of_tagged(TAGGED), frames.of_tagged([])),
        (frames.of_documents([Document(DocId("a"), "t", (Span(0, 1, "A"),))]), frames.of_documents([])),
    ):
        for one, other in zip(some, none, strict=True):
            assert list(one.dtypes) == list(other.dtypes)
            assert list(one.columns) == list(other.columns)


def test_without_pandas_its_installation_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    for asked in (lambda: frames.of_tagged(TAGGED), lambda: frames.of_documents([]), lambda: frames.of_values([])):
        with pytest.raises(MissingExtraError, match="pip install pandas"):
            asked()
