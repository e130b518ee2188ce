"""What goes into a store comes out of it, and nothing is overwritten."""

import math
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import insert, text

from allabel.document import Annotation, DocId, Document, Span
from allabel.errors import SpanError, StoreError
from allabel.reply import Grounding, Proposal, Reply, Shown, Status, TaggedDocument
from allabel.store import Call, Counts, Pick, Progress, Selection, Store
from allabel.store.tables import annotations, marks

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
A, B, C = DocId("a"), DocId("b"), DocId("c")


def doc(id: str, text: str = "NaCl in water", **more: object) -> Document:
    return Document(DocId(id), text, **more)  # type: ignore[arg-type]


def annotation(id: str, *spans: Span, author: str = "ada", at: datetime = NOW) -> Annotation:
    return Annotation(DocId(id), spans, author, "app", at)


def pick(id: str, rank: int, selection_id: int = 0) -> Pick:
    return Pick(DocId(id), "diversity", rank, 0.5, "far from the rest", selection_id)


def selection(strategy: str = "allabel") -> Selection:
    return Selection(None, strategy, "10%", 2, 2**40, NOW)


def test_documents_come_back_in_import_order_exactly_as_they_went_in(store: Store) -> None:
    texts = ["z é e\u0301 İ 🧪\r\n\t ", "", "\u200f\ufffe\x01 inside"]
    new = [doc(str(9 - i), text, meta={"page": i, "deep": [None, {"x": "é"}]}) for i, text in enumerate(texts)]
    assert store.add_documents(new) == 3
    assert store.documents() == new
    assert store.document(DocId("8")) == new[1]
    assert store.count() == 3


def test_a_text_with_nul_inside_comes_back_from_a_file(file_store: Store) -> None:
    file_store.add_documents([doc("a", "nul \0 inside")])
    assert file_store.documents() == [doc("a", "nul \0 inside")]


def test_importing_the_same_texts_again_doubles_nothing(store: Store) -> None:
    assert store.add_documents([doc("a"), doc("a"), doc("b")]) == 2
    assert store.add_documents(doc(id) for id in "abc") == 1
    assert [d.id for d in store.documents()] == ["a", "b", "c"]


def test_the_same_id_with_another_text_is_refused_and_the_whole_import_with_it(store: Store) -> None:
    store.add_documents([doc("a")])
    with pytest.raises(StoreError, match=r"'a'.*another text") as caught:
        store.add_documents([*(doc(f"new{i}") for i in range(2000)), doc("a", "KBr")])
    assert caught.value.remedy
    assert store.documents() == [doc("a")]


def test_more_documents_than_a_statement_takes_variables_are_kept(store: Store) -> None:
    new = [doc(f"d{i}") for i in range(2500)]
    assert store.add_documents(new) == 2500
    assert store.add_documents(new) == 0
    store.add_annotations([annotation(d.id) for d in new])
    assert len(store.annotations()) == 2500


def test_half_a_surrogate_pair_is_refused_by_the_id_of_its_text(store: Store) -> None:
    with pytest.raises(StoreError, match=r"'bad'.*surrogate"):
        store.add_documents([doc("bad", "a\ud800")])
    with pytest.raises(StoreError, match="surrogate"):
        store.add_documents([doc("bad\ud800")])


def test_meta_that_json_cannot_hold_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="cannot be stored"):
        store.add_documents([doc("a", meta={"x": {1, 2}})])


def test_a_document_that_is_not_there_is_named(store: Store) -> None:
    with pytest.raises(StoreError, match="'a' is not in the project"):
        store.document(A)


def test_gold_stands_apart_from_annotations_and_keeps_none_and_nothing_apart(store: Store) -> None:
    spans = (Span(0, 4, "Salt"), Span(0, 7, "Mix"))
    answers = [
        doc("a", entities=spans),
        doc("b", entities=()),
        doc("c", values={"Salt": ("NaCl", "KBr")}),
        doc("d"),
    ]
    store.add_documents(answers)
    assert store.add_gold(answers) == 3
    assert store.gold() == {d.id: d for d in answers[:3]}
    assert store.annotations() == {}
    assert store.documents()[0].entities is None


def test_the_same_gold_again_changes_nothing_and_other_gold_is_refused(store: Store) -> None:
    first = doc("a", entities=(Span(0, 4, "Salt"), Span(8, 13, "Solvent")), values={"Salt": ("x", "y")})
    store.add_documents([first])
    store.add_gold([first])
    again = doc("a", entities=(Span(8, 13, "Solvent"), Span(0, 4, "Salt")), values={"Salt": ("y", "x")})
    assert store.add_gold([again, again]) == 0
    with pytest.raises(StoreError, match="'a' has other gold"):
        store.add_gold([doc("a", entities=())])
    assert store.gold() == {A: first}


def test_two_different_answers_in_one_gold_file_are_refused(store: Store) -> None:
    store.add_documents([doc("a")])
    with pytest.raises(StoreError, match="'a' has other gold"):
        store.add_gold([doc("a", entities=()), doc("a", entities=(Span(0, 4, "Salt"),))])
    assert store.gold() == {}


def test_gold_for_a_text_that_differs_or_is_missing_is_refused(store: Store) -> None:
    store.add_documents([doc("a")])
    with pytest.raises(StoreError, match=r"'a'.*another text"):
        store.add_gold([doc("a", "KBr", entities=())])
    with pytest.raises(StoreError, match="'b' is not in the project"):
        store.add_gold([doc("b", entities=())])


def test_an_answer_says_from_what_it_came(store: Store) -> None:
    store.add_documents([doc("a")])
    first = annotation("a")
    second = replace(first, seconds=2.5, based_on=1, save_id="s1", suggested=7, blind=True)
    store.add_annotations([first, second])
    assert store.history(A) == [first, second]
    assert [one.seq for one in store.history(A)] == [1, 2]
    assert store.annotations() == store.annotations_of([A, B]) == {A: second}
    with pytest.raises(StoreError):
        store.add_annotations([replace(first, save_id="s1")])
    assert len(store.history(A)) == 2


def test_some_documents_and_replies_come_back_by_id(store: Store) -> None:
    store.add_documents([doc("a"), doc("b"), doc("c")])
    old, new = (TaggedDocument(A, "NaCl in water", Reply(Status.OK), "chat", model) for model in "mn")
    store.add_tagged([old, new])
    assert store.tagged_of([A, B]) == {A: (2, new)}
    assert store.documents_of([C, A, DocId("nobody")]) == {A: doc("a"), C: doc("c")}
    assert store.annotations_of([]) == store.tagged_of([]) == store.documents_of([]) == {}


def test_every_answer_and_every_reply_can_be_read_again(store: Store) -> None:
    store.add_documents([doc("a"), doc("b")])
    given = [annotation("b"), annotation("a", author="bo"), annotation("b", Span(0, 4, "Salt"))]
    store.add_annotations(given)
    assert store.answers() == given
    old, new = (TaggedDocument(A, "NaCl in water", Reply(Status.OK), "chat", model) for model in "mn")
    store.add_tagged([old, new])
    assert store.tagged_by_number([1, 2, 3]) == {1: old, 2: new}


def test_progress_counts_the_queue_and_what_one_person_answered_since_a_moment(store: Store) -> None:
    store.add_documents([doc(id) for id in "abcd"])
    store.add_selection(selection(), [pick(id, n) for n, id in enumerate("abc", start=1)])
    store.add_selection(selection(), [pick("a", 1)])
    times = [("a", 0, 1.0), ("a", 1, 9.0), ("b", 2, 3.0), ("b", 3, None)]
    given = [replace(annotation(id, at=NOW + timedelta(hours=h)), seconds=s) for id, h, s in times]
    store.add_annotations([*given, annotation("d", author="import")])
    assert store.progress("ada", NOW + timedelta(hours=2)) == Progress(1, 1, 2)
    assert store.progress("ada", NOW) == Progress(2, 1, 2)
    assert store.progress("nobody", NOW) == Progress(0, 1, 2)
    assert store.recent_seconds("ada", 2) == [3.0, 9.0]


def test_history_grows_and_the_latest_annotation_counts(store: Store) -> None:
    store.add_documents([doc("a"), doc("b")])
    tokyo = NOW.astimezone(timezone(timedelta(hours=9)))
    first, second = annotation("a", Span(0, 4, "Salt"), at=tokyo), annotation("a", author="bo")
    store.add_annotations([annotation("b"), first])
    store.add_annotations([second])
    assert store.history(A) == [first, second]
    assert store.history(A)[0].at.tzinfo == UTC
    assert list(store.annotations().items()) == [(A, second), (B, annotation("b"))]
    assert store.history(C) == []


def test_an_annotation_outside_its_text_or_of_an_unknown_text_keeps_nothing_of_its_batch(store: Store) -> None:
    store.add_documents([doc("a"), doc("b")])
    with pytest.raises(SpanError, match="'b'"):
        store.add_annotations([annotation("a"), annotation("b", Span(0, 99, "Salt"))])
    with pytest.raises(StoreError, match="'c' is not in the project"):
        store.add_annotations([annotation("a"), annotation("c")])
    assert store.annotations() == {}


def test_a_moment_without_a_time_zone_is_refused(store: Store) -> None:
    store.add_documents([doc("a")])
    with pytest.raises(StoreError, match="no time zone"):
        store.add_annotations([annotation("a", at=datetime(2026, 1, 1))])


@pytest.mark.parametrize("table", ["annotations", "tagged", "marks", "calls"])
@pytest.mark.parametrize("change", ["UPDATE {} SET doc_id = 'b'", "DELETE FROM {}"])
def test_the_database_itself_refuses_to_change_history(store: Store, table: str, change: str) -> None:
    store.add_documents([doc("a"), doc("b")])
    store.add_annotations([annotation("a")])
    store.add_tagged([TaggedDocument(A, "NaCl in water", Reply(Status.OK), "embedded", "crf")])
    store.add_calls([Call(NOW, A, "0" * 64, "m", "chat", "ok", 1, 1, 1, 1.0)])
    with store.writes() as connection:
        connection.execute(insert(marks).values(doc_id="a", kind="skip", note="", person="ada", at=NOW))
    with pytest.raises(StoreError, match="history is append-only"), store.writes() as connection:
        connection.execute(text(change.format(table)))


def test_selections_and_picks_come_back_by_selection_and_rank(store: Store) -> None:
    store.add_documents([doc("a"), doc("b"), doc("c")])
    one = store.add_selection(selection(), [pick("b", 2), pick("a", 1)])
    two = store.add_selection(selection("uniform"), [])
    store.add_picks(two, [pick("a", 1), pick("c", 2)])
    assert [(s.id, s.strategy, s.seed, s.at) for s in store.selections()] == [
        (one, "allabel", 2**40, NOW),
        (two, "uniform", 2**40, NOW),
    ]
    assert store.picks(one) == [pick("a", 1, one), pick("b", 2, one)]
    assert [(p.selection_id, p.doc_id) for p in store.picks()] == [(one, "a"), (one, "b"), (two, "a"), (two, "c")]
    assert [p.doc_id for p in store.queue()] == ["a", "b", "c"]
    store.add_annotations([annotation("a")])
    assert [p.doc_id for p in store.queue()] == ["b", "c"]


def test_a_pick_that_is_double_unknown_or_of_no_selection_keeps_nothing(store: Store) -> None:
    store.add_documents([doc("a")])
    with pytest.raises(StoreError, match="'a' is picked twice"):
        store.add_selection(selection(), [pick("a", 1), pick("a", 2)])
    with pytest.raises(StoreError, match="'b' is not in the project"):
        store.add_selection(selection(), [pick("a", 1), pick("b", 2)])
    with pytest.raises(StoreError, match="no selection 7"):
        store.add_picks(7, [pick("a", 1)])
    with pytest.raises(StoreError, match="the id 3"):
        store.add_selection(Selection(3, "x", "1", 1, 0, NOW), [])
    assert store.selections() == []
    assert store.picks() == []


def test_a_reply_keeps_everything_it_said(store: Store) -> None:
    reply = Reply(
        Status.TRUNCATED,
        (
            Proposal("Salt", "NaCl", Span(0, 4, "Salt"), Grounding.EXACT, 0.25),
            Proposal("Salt", "K\ud800", None, Grounding.MISSING, None),
        ),
        perplexity=math.inf,
        shown=(Shown(C, "0123456789abcdef"), Shown(B)),
        error="ran out of tokens",
        raw='{"entities": [\ud800',
        n_prompt_tokens=7,
        n_output_tokens=3,
    )
    store.add_documents([doc("a", meta={"page": 1}), doc("b")])
    old = TaggedDocument(A, "NaCl in water", Reply(Status.FAILED, error="no server"), "chat", "m", {"page": 1})
    new = TaggedDocument(A, "NaCl in water", reply, "chat", "m2", {"page": 1})
    store.add_tagged([old])
    assert store.tagged() == {A: old}
    store.add_tagged([new])
    assert store.tagged() == {A: new}


def test_a_reply_to_a_text_the_store_does_not_hold_is_refused(store: Store) -> None:
    store.add_documents([doc("a")])
    with pytest.raises(StoreError, match="'b' is not in the project"):
        store.add_tagged([TaggedDocument(B, "x", Reply(Status.OK), "chat", "m")])
    with pytest.raises(StoreError, match=r"'a'.*another text"):
        store.add_tagged([TaggedDocument(A, "x", Reply(Status.OK), "chat", "m")])
    assert store.tagged() == {}


def test_counts_are_of_distinct_documents(store: Store) -> None:
    store.add_documents([doc(id, entities=()) for id in "abcd"])
    store.add_gold([doc("a", entities=())])
    for _ in range(2):
        store.add_selection(selection(), [pick("a", 1), pick("b", 2), pick("c", 3)])
        store.add_annotations([annotation("a")])
        store.add_tagged([TaggedDocument(DocId("d"), "NaCl in water", Reply(Status.OK), "chat", "m")])
    assert store.counts() == Counts(documents=4, gold=1, annotated=1, queued=2, tagged=1)


def test_a_sound_store_has_no_problems(store: Store) -> None:
    store.add_documents([doc("a", entities=(Span(0, 4, "Salt"),), values={})])
    store.add_gold([doc("a", entities=(Span(0, 4, "Salt"),))])
    store.add_annotations([annotation("a", Span(0, 4, "Salt"))])
    assert store.check() == []


def test_check_names_spans_outside_their_text(store: Store) -> None:
    store.add_documents([doc("a")])
    with store.writes() as connection:
        wrong = [{"start": 0, "end": 99, "label": "Salt"}]
        connection.execute(insert(annotations).values(doc_id="a", entities=wrong, author="x", source="x", at=NOW))
    (found,) = store.check()
    assert "lies outside the text of 'a'" in found


def test_check_names_dangling_rows_and_unreadable_ones_of_a_file(file_store: Store, path: Path) -> None:
    store = file_store
    store.add_documents([doc("a"), doc("b")])
    insert = "INSERT INTO annotations (doc_id, entities, author, source, at) VALUES (?, ?, 'x', 'x', '2026-01-01')"
    with closing(sqlite3.connect(path)) as other, other:
        other.execute(insert, ("a", '[{"start": 0, "end": 99, "label": "Salt"}]'))
        other.execute(insert, ("b", "[{"))
        other.execute(insert, ("ghost", "[]"))
    found = "\n".join(store.check())
    assert "lies outside the text of 'a'" in found
    assert "the row of document 'b' cannot be read" in found
    assert "of annotations names something that is not in documents" in found
    assert len(store.check()) == 3
