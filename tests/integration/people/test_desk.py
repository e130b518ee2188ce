"""The desk hands each text to whom it may, keeps what was begun, and overwrites nothing unseen."""

import math

import pytest
from people_at_work import SALT, SCHEMA, TEXT, WATER, Clock, answer, desk, draft, queue

from allabel.document import DocId, Document, Span
from allabel.errors import LabelError, SpanError, StoreError
from allabel.people.desk import ConflictError, Desk, Task
from allabel.people.errors import OverlapError
from allabel.people.marks import flagged
from allabel.reply import Reply, Status, TaggedDocument
from allabel.schema import LabelSchema
from allabel.store import Store

A, B, C = DocId("a"), DocId("b"), DocId("c")


def taken(one: Desk) -> str:
    task = one.next()
    assert task is not None
    return str(task.document.id)


def suggest(store: Store, id: DocId, model: str = "m") -> TaggedDocument:
    tagged = TaggedDocument(id, TEXT, Reply(Status.OK), "embedded", model)
    store.add_tagged([tagged])
    return tagged


def test_where_nothing_was_selected_there_is_nothing_to_do(store: Store) -> None:
    store.add_documents([Document(A, TEXT)])
    assert desk(store, "ada").next() is None


def test_texts_come_in_the_order_of_the_queue_each_to_one_person(store: Store) -> None:
    queue(store, "cab")
    ada, bo = desk(store, "ada"), desk(store, "bo")
    assert (taken(ada), taken(bo)) == ("c", "a")
    assert (taken(ada), taken(bo)) == ("c", "a")
    ada.save(answer("c", SALT))
    assert taken(ada) == "b"
    assert desk(store, "cy").next() is None
    bo.save(answer("a"))
    ada.save(answer("b"))
    assert ada.next() is None
    assert store.queue() == []


def test_a_task_says_all_that_its_page_needs(store: Store) -> None:
    queue(store, "ab")
    suggestion = suggest(store, A)
    ada = desk(store, "ada")
    task = ada.next()
    (pick,) = (pick for pick in store.queue() if pick.doc_id == A)
    expected = Task(Document(A, TEXT), 0, (), False, None, pick, suggestion, 1, False, False, ())
    assert task == expected
    saved = ada.save(answer("a", WATER, SALT, save_id="s1"))
    assert (saved.seq, saved.based_on, saved.suggested, saved.blind, saved.entities) == (1, 0, 1, False, (SALT, WATER))
    again = ada.open(A)
    assert (again.version, again.entities, again.answered) == (1, (SALT, WATER), True)
    assert store.history(A) == [saved]


def test_the_suggestion_named_is_the_one_that_was_shown(store: Store) -> None:
    queue(store, "a")
    suggest(store, A)
    ada = desk(store, "ada")
    assert ada.next()
    suggest(store, A, "newer")
    assert ada.save(answer("a")).suggested == 1


def test_a_blind_text_shows_no_suggestion_and_says_so_in_the_history(store: Store) -> None:
    queue(store, "a")
    suggest(store, A)
    ada = desk(store, "ada", blind_share=1.0)
    task = ada.next()
    assert task is not None
    assert (task.suggestion, task.suggested, task.blind) == (None, 1, True)
    assert ada.save(answer("a")).blind
    assert store.annotations()[A].blind


def test_a_save_that_comes_twice_is_kept_once(store: Store) -> None:
    queue(store, "a")
    ada = desk(store, "ada")
    first = ada.save(answer("a", SALT, save_id="s1"))
    assert ada.save(answer("a", SALT, save_id="s1")) == first
    assert len(store.history(A)) == 1
    with pytest.raises(StoreError, match="another save"):
        desk(store, "bo").save(answer("a", on=1, save_id="s1"))


def test_a_save_on_a_changed_text_is_refused_and_shows_both(store: Store) -> None:
    queue(store, "a")
    clock = Clock()
    ada, bo = desk(store, "ada", clock), desk(store, "bo", clock)
    assert taken(ada) == "a"
    assert ada.keep_draft(A, draft(SALT, n=3))
    clock.pass_minutes(31)
    assert taken(bo) == "a"
    theirs = bo.save(answer("a", WATER))
    with pytest.raises(ConflictError, match="answered by 'bo'") as caught:
        ada.save(answer("a", SALT, Span(5, 7, "Salt"), save_id="s1"))
    assert caught.value.theirs == theirs
    assert caught.value.mine.entities == (SALT, Span(5, 7, "Salt"))
    task = ada.open(A)
    assert task.draft is not None
    # The last state of the work was in the refused save alone.
    assert task.draft.entities == (SALT, Span(5, 7, "Salt"))
    assert (task.version, task.entities) == (theirs.seq, (WATER,))
    assert theirs.seq is not None
    ada.save(answer("a", SALT, on=theirs.seq, save_id="s1"))
    assert [x.author for x in store.history(A)] == ["bo", "ada"]
    assert ada.open(A).draft is None


def test_a_draft_stays_with_its_owner_when_the_lease_is_over(store: Store) -> None:
    queue(store, "ab")
    clock = Clock()
    ada, bo = desk(store, "ada", clock, lease_minutes=10), desk(store, "bo", clock, lease_minutes=10)
    assert taken(ada) == "a"
    clock.pass_minutes(9)
    assert ada.keep_draft(A, draft(SALT))
    clock.pass_minutes(9)
    assert taken(bo) == "b"
    clock.pass_minutes(11)
    bo.release(B)
    assert taken(bo) == "a"
    assert not ada.keep_draft(A, draft(SALT, WATER, n=2))
    assert taken(ada) == "b"
    bo.release(A)
    task = ada.next()
    assert task is not None
    assert task.document.id == A
    assert task.draft is not None
    assert task.draft.entities == (SALT, WATER)


def test_the_newer_draft_wins_in_whatever_order_they_come(store: Store) -> None:
    queue(store, "a")
    ada = desk(store, "ada")
    for n in (2, 3, 1):
        ada.keep_draft(A, draft(Span(0, n, "Salt"), n=n))
    kept = ada.open(A).draft
    assert kept is not None
    assert (kept.n, kept.entities) == (3, (Span(0, 3, "Salt"),))


def test_a_text_that_another_person_has_is_not_opened(store: Store) -> None:
    queue(store, "a")
    assert taken(desk(store, "bo"))
    with pytest.raises(StoreError, match=r"'a' is with 'bo' until \d\d:\d\d"):
        desk(store, "ada").open(A)
    with pytest.raises(StoreError, match="'x' is not in the project"):
        desk(store, "ada").open(DocId("x"))


def test_skipped_texts_come_last_and_work_on_them_is_kept(store: Store) -> None:
    queue(store, "abc")
    ada = desk(store, "ada")
    assert taken(ada) == "a"
    ada.keep_draft(A, draft(SALT))
    ada.skip(A, "k1")
    assert taken(ada) == "b"
    ada.skip(B, "k2")
    ada.skip(B, "k2")
    assert taken(ada) == "c"
    assert taken(desk(store, "bo")) == "a"
    ada.save(answer("c"))
    assert taken(ada) == "b"
    ada.save(answer("b"))
    assert ada.next() is None
    desk(store, "bo").release(A)
    task = ada.next()
    assert task is not None
    assert task.draft is not None
    assert task.draft.entities == (SALT,)


def test_one_goes_back_through_ones_own_work(store: Store) -> None:
    queue(store, "abcd")
    clock = Clock()
    ada, bo = desk(store, "ada", clock), desk(store, "bo", clock)
    assert ada.before(A) is None
    for id in "ab":
        assert taken(ada) == id
        ada.save(answer(id))
    assert taken(bo) == "c"
    bo.save(answer("c"))
    assert taken(ada) == "d"
    back = ada.before(DocId("d"))
    assert back is not None
    assert (back.document.id, back.answered) == ("b", True)
    further = ada.before(B)
    assert further is not None
    assert further.document.id == A
    assert ada.before(A) is None
    ada.save(answer("a", SALT, on=further.version))
    assert taken(ada) == "d"


def test_flags_are_shown_until_somebody_deals_with_them(store: Store) -> None:
    queue(store, "a")
    ada, bo = desk(store, "ada"), desk(store, "bo")
    assert taken(ada) == "a"
    ada.flag(A, "which salt?", "f1")
    ada.flag(A, "which salt?", "f1")
    (flag,) = ada.open(A).flags
    assert (flag.note, flag.person) == ("which salt?", "ada")
    assert flagged(store) == (flag,)
    bo.resolve_flags(A, "table salt", "f2")
    assert ada.open(A).flags == ()
    assert flagged(store) == ()


def test_an_older_answer_is_restored_by_appending_it(store: Store) -> None:
    queue(store, "a")
    ada, bo = desk(store, "ada"), desk(store, "bo")
    ada.save(answer("a", SALT))
    ada.save(answer("a", on=1))
    restored = bo.restore(A, 1)
    assert (restored.entities, restored.source, restored.author, restored.based_on) == ((SALT,), "restore", "bo", 2)
    assert [x.seq for x in store.history(A)] == [1, 2, 3]
    with pytest.raises(StoreError, match="no answer 9"):
        bo.restore(A, 9)


def test_a_label_that_left_the_schema_is_named_and_the_work_kept(store: Store) -> None:
    queue(store, "a")
    ada = desk(store, "ada", schema=LabelSchema.of(["Solvent"]))
    assert taken(ada) == "a"
    with pytest.raises(LabelError, match=r"'Salt'.*any more") as caught:
        ada.save(answer("a", SALT, WATER))
    assert "labels.toml" in caught.value.remedy
    kept = ada.open(A).draft
    assert kept is not None
    assert kept.entities == (SALT, WATER)
    assert store.history(A) == []


def test_overlaps_are_refused_unless_the_schema_allows_them(store: Store) -> None:
    queue(store, "a")
    spans = (SALT, Span(0, 7, "Solvent"))
    with pytest.raises(OverlapError, match="overlap"):
        desk(store, "ada").save(answer("a", *spans))
    with pytest.raises(SpanError, match="outside the text"):
        desk(store, "ada").save(answer("a", Span(0, 99, "Salt")))
    nesting = SCHEMA.model_copy(update={"overlap": True})
    desk(store, "ada", schema=nesting).save(answer("a", *spans))
    assert store.annotations()[A].entities == spans


@pytest.mark.parametrize("seconds", [0.0, -5.0, math.inf, math.nan])
def test_a_time_that_cannot_be_is_no_reason_to_refuse_the_work(store: Store, seconds: float) -> None:
    queue(store, "a")
    assert desk(store, "ada").save(answer("a", SALT, seconds=seconds)).seconds is None


def test_discarded_work_is_forgotten_and_the_text_free(store: Store) -> None:
    queue(store, "a")
    ada, bo = desk(store, "ada"), desk(store, "bo")
    assert taken(ada) == "a"
    ada.keep_draft(A, draft(SALT))
    ada.discard(A)
    assert taken(bo) == "a"
    bo.release(A)
    task = ada.next()
    assert task is not None
    assert task.draft is None


def test_work_after_a_refused_save_goes_on_being_kept_also_where_the_other_answer_is_ones_own(store: Store) -> None:
    queue(store, "a")
    first, second = desk(store, "ada"), desk(store, "ada")
    first.next()
    saved = first.save(answer("a", SALT, save_id="1"))
    assert second.latest(A) == saved
    with pytest.raises(ConflictError):
        second.save(answer("a", WATER, save_id="2"))
    second.keep_draft(A, draft(SALT, WATER, n=1))
    kept = first.open(A).draft
    assert kept is not None
    assert kept.entities == (SALT, WATER)
    second.save(answer("a", WATER, on=saved.seq or 0, save_id="3"))
    second.keep_draft(A, draft(SALT, n=9))
    assert first.open(A).draft is None, "a draft that comes late is none"
