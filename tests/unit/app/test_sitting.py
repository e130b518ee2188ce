"""A person's sitting: what the browser sends is dealt with once, refused work stays, the next text comes when due."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from allabel.config import Settings
from allabel.document import Annotation, DocId, Document, Span
from allabel.errors import InputError
from allabel.people.accounts import Person
from allabel.people.desk import Answer, Desk, Draft
from allabel.people.marks import flagged
from allabel.people.roles import Role
from allabel.people.terms import Terms
from allabel.schema import LabelSchema
from allabel.store import Pick, Selection, Store
from app.components.span_editor.ops import Op
from app.sitting import MOST_ACKED, Sitting

NOW = datetime(2026, 1, 2, tzinfo=UTC)
SCHEMA = LabelSchema.of(["Salt", "Solvent"])
TEXT = "NaCl in water"
SALT, WATER = Span(0, 4, "Salt"), Span(8, 13, "Solvent")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "project.db"


@pytest.fixture
def store(place: Path) -> Iterator[Store]:
    with Store.create(place, busy_timeout_s=0.05) as made:
        made.add_documents(Document(DocId(id), TEXT) for id in "abcd")
        picked = [Pick(DocId(id), "uniform", n, 0.0, "drawn", 0) for n, id in enumerate("abcd", start=1)]
        made.add_selection(Selection(None, "uniform", "4", 4, 0, NOW), picked)
        yield made


def desk(store: Store, name: str = "ada", schema: LabelSchema = SCHEMA) -> Desk:
    return Desk(store, schema, Person(name, Role.ANNOTATOR, True, NOW), Settings(blind_share=0.0))


def sitting(store: Store, name: str = "ada", schema: LabelSchema = SCHEMA) -> Sitting:
    """A sitting with its first text in hand."""
    own = desk(store, name, schema)
    made = Sitting(own, Terms(store, schema), own.next)
    made.current()
    return made


def op(id: str, kind: str, doc: str = "a", *spans: Span, version: int = 0, n: int = 1, **more: object) -> Op:
    return Op(id, kind, doc, version, n, spans, **more)  # type: ignore[arg-type]


def in_hand(one: Sitting) -> str:
    task = one.current()
    return "" if task is None else task.document.id


def kept(store: Store, id: str = "a") -> list[tuple[str, tuple[Span, ...]]]:
    return [(answer.author, answer.entities) for answer in store.history(DocId(id))]


def other_saves(store: Store, *spans: Span, on: int = 0, id: str = "a") -> Annotation:
    """Another person saves the text, as after the first one's lease ran out."""
    return desk(store, "bo").save(Answer(DocId(id), spans, on, f"bo-{id}-{on}", 1.0))


@contextmanager
def locked(place: Path) -> Iterator[None]:
    """The database held by another program's write transaction."""
    with closing(sqlite3.connect(place, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_a_save_is_kept_and_the_next_text_shown(store: Store) -> None:
    one = sitting(store)
    one.take([op("1", "draft", "a", SALT), op("2", "save", "a", SALT)])
    assert kept(store) == [("ada", (SALT,))]
    assert (in_hand(one), one.acked, one.told) == ("b", ["1", "2"], "Saved.")


def test_what_comes_again_is_dealt_with_once_also_by_a_sitting_that_knows_nothing(store: Store) -> None:
    one = sitting(store)
    ops = [op("1", "save", "a", SALT), op("2", "flag", "b", note="odd"), op("3", "skip", "b")]
    one.take(ops)
    one.take(ops)
    anew = sitting(store)
    anew.take(ops)
    assert kept(store) == [("ada", (SALT,))]
    assert [flag.note for flag in flagged(store)] == ["odd"]
    assert anew.acked == ["1", "2", "3"]
    assert (in_hand(one), in_hand(anew)) == ("c", "c")


def test_a_draft_of_a_text_already_saved_does_not_come_back(store: Store) -> None:
    one = sitting(store)
    one.take([op("1", "save", "a", SALT), op("2", "draft", "a", WATER, n=9)])
    assert in_hand(one) == "b"
    assert desk(store).open(DocId("a")).draft is None
    assert one.acked == ["1", "2"]


def test_work_in_hand_is_shown_again_where_the_page_forgot_it(store: Store) -> None:
    one = sitting(store)
    one.take([op("1", "draft", "a", SALT, n=4), op("2", "draft", "a", WATER, n=3)])
    for again in (one, sitting(store)):
        task = again.current()
        assert task is not None
        assert task.draft is not None
        assert (task.draft.n, task.draft.entities) == (4, (SALT,))


def test_a_save_on_a_changed_text_is_refused_and_shows_both(store: Store) -> None:
    one = sitting(store)
    theirs = other_saves(store, WATER)
    one.take([op("1", "draft", "a", SALT, n=3), op("2", "save", "a", SALT, n=3)])
    assert kept(store) == [("bo", (WATER,))]
    problem = one.problem
    assert problem is not None
    assert (problem.kind, problem.theirs, problem.theirs_by) == ("conflict", (WATER,), "bo")
    assert problem.theirs_version == theirs.seq
    assert problem.message.startswith("bo saved this text at")
    assert in_hand(one) == "a"
    assert one.acked == ["1", "2"]


def test_keep_mine_saves_over_what_was_seen(store: Store) -> None:
    one = sitting(store)
    theirs = other_saves(store, WATER)
    one.take([op("1", "save", "a", SALT)])
    one.take([op("2", "save", "a", SALT, version=theirs.seq or 0)])
    assert kept(store) == [("bo", (WATER,)), ("ada", (SALT,))]
    assert (in_hand(one), one.problem) == ("b", None)


def test_keep_mine_is_refused_again_where_a_third_answer_came(store: Store) -> None:
    one = sitting(store)
    first = other_saves(store, WATER)
    one.take([op("1", "save", "a", SALT)])
    second = other_saves(store, on=first.seq or 0)
    one.take([op("2", "save", "a", SALT, version=first.seq or 0)])
    assert len(kept(store)) == 2
    assert one.problem is not None
    assert (one.problem.theirs, one.problem.theirs_version) == ((), second.seq)


@pytest.mark.parametrize("at_once", [True, False])
def test_take_theirs_drops_the_draft_and_shows_theirs(store: Store, at_once: bool) -> None:
    one = sitting(store)
    theirs = other_saves(store, WATER)
    one.take([op("1", "save", "a", SALT)])
    ops = [op("2", "draft", "a", WATER, version=theirs.seq or 0, n=5), op("3", "reload", "a", version=theirs.seq or 0)]
    for batch in [ops] if at_once else [[x] for x in ops]:
        one.take(batch)
    task = one.current()
    assert task is not None
    assert (task.document.id, task.version, task.entities, task.draft) == ("a", theirs.seq, (WATER,), None)
    assert one.problem is None
    assert kept(store) == [("bo", (WATER,))]
    # Nothing is in hand any more that would bring the text back.
    desk(store).release(DocId("a"))
    assert in_hand(sitting(store)) == "b"


def test_a_conflict_outlives_a_restart(store: Store) -> None:
    sitting(store).take([op("1", "draft", "a", SALT, n=7)])
    other_saves(store, WATER)
    anew = sitting(store)
    task = anew.current()
    assert task is not None
    assert task.draft is not None
    assert (task.document.id, task.draft.entities, task.draft.based_on) == ("a", (SALT,), 0)
    assert anew.problem is not None
    assert (anew.problem.kind, anew.problem.theirs) == ("conflict", (WATER,))


def test_equal_answers_are_no_conflict_after_a_restart(store: Store) -> None:
    sitting(store).take([op("1", "draft", "a", SALT, n=7)])
    other_saves(store, SALT)
    assert sitting(store).problem is None


def test_a_second_tab_is_told_of_the_first_ones_save_and_keeps_its_work(store: Store) -> None:
    first, second = sitting(store), sitting(store)
    first.take([op("1", "save", "a", SALT)])
    second.take([op("2", "draft", "a", WATER), op("3", "save", "a", WATER)])
    assert kept(store) == [("ada", (SALT,))]
    assert second.problem is not None
    assert second.problem.message.startswith("You saved this text at")
    assert "in another tab" in second.problem.message
    # It goes on being kept, and is there for another machine.
    second.take([op("4", "draft", "a", SALT, WATER, n=2)])
    draft = desk(store).open(DocId("a")).draft
    assert draft is not None
    assert draft.entities == (SALT, WATER)
    assert in_hand(sitting(store)) == "a"


def test_an_own_save_whose_acknowledgement_was_lost_is_no_conflict(store: Store) -> None:
    one = sitting(store)
    one.take([op("1", "save", "a", SALT), op("2", "save", "a", SALT, WATER)])
    assert kept(store) == [("ada", (SALT,)), ("ada", (SALT, WATER))]
    assert one.problem is None


def test_enter_pressed_twice_keeps_one_answer(store: Store) -> None:
    one = sitting(store)
    one.take([op("1", "save", "a", SALT), op("2", "save", "a", SALT)])
    assert kept(store) == [("ada", (SALT,))]
    assert (one.problem, one.acked, in_hand(one)) == (None, ["1", "2"], "b")


def test_a_label_removed_meanwhile_is_named_and_the_work_stays(store: Store) -> None:
    one = sitting(store, schema=LabelSchema.of(["Solvent"]))
    one.take([op("1", "draft", "a", SALT), op("2", "save", "a", SALT)])
    assert kept(store) == []
    assert one.problem is not None
    assert "'Salt'" in one.problem.message
    assert "not among the labels" in one.problem.message
    assert "What to do: give it another label" in one.problem.message
    assert (one.acked, in_hand(one)) == (["1", "2"], "a")
    task = one.current()
    assert task is not None
    assert task.draft is not None
    assert task.draft.entities == (SALT,)
    one.take([op("3", "draft", "a", WATER, n=2)])
    assert one.problem is None, "the message is over with the next change"


def test_overlapping_spans_are_refused_in_words_and_stay(store: Store) -> None:
    one = sitting(store)
    one.take([op("1", "save", "a", SALT, Span(2, 7, "Salt"))])
    assert one.problem is not None
    assert "overlap" in one.problem.message
    assert in_hand(one) == "a"


def test_what_a_locked_store_could_not_do_is_done_when_it_comes_again(store: Store, place: Path) -> None:
    one = sitting(store)
    ops = [op("1", "draft", "a", SALT), op("2", "save", "a", SALT)]
    with locked(place):
        one.take(ops)
        assert one.acked == []
        assert one.problem is not None
        assert one.problem.message.startswith("Not saved yet: Another program is writing to it")
        assert "sent again by itself" in one.problem.message
        one.take(ops)
        assert one.acked == []
    one.take(ops)
    assert (one.acked, one.problem) == (["1", "2"], None)
    assert kept(store) == [("ada", (SALT,))]


def test_going_back_in_a_locked_store_is_said_and_not_tried_again(store: Store, place: Path) -> None:
    one = sitting(store)
    one.take([op("1", "save", "a", SALT)])
    one.current()
    with locked(place):
        one.take([op("2", "back", "b")])
    assert one.acked == ["1", "2"]
    assert one.problem is not None
    assert in_hand(one) == "b"


@pytest.mark.parametrize("kind", ["draft", "save", "skip", "flag"])
def test_an_unknown_text_blocks_nothing(store: Store, kind: str) -> None:
    one = sitting(store)
    one.take([op("1", kind, "gone", SALT), op("2", "draft", "a", SALT)])
    assert one.acked == ["1", "2"]
    assert in_hand(one) == "a"


def test_work_on_another_text_does_not_move_the_page_on(store: Store) -> None:
    one = sitting(store)
    one.take([op("1", "draft", "b", SALT), op("2", "save", "b", SALT), op("3", "skip", "c")])
    assert in_hand(one) == "a"
    assert kept(store, "b") == [("ada", (SALT,))]


def test_back_shows_the_text_done_before_and_saving_it_leads_on(store: Store) -> None:
    one = sitting(store)
    one.take([op("1", "back", "a")])
    assert (in_hand(one), one.told) == ("a", "This is the first of your texts.")
    one.take([op("2", "save", "a", SALT)])
    one.current()
    one.take([op("3", "back", "b")])
    task = one.current()
    assert task is not None
    assert (task.document.id, task.entities, task.answered) == ("a", (SALT,), True)
    one.take([op("4", "save", "a", WATER, version=task.version)])
    assert kept(store) == [("ada", (SALT,)), ("ada", (WATER,))]
    assert in_hand(one) == "b"


def test_a_skipped_text_comes_after_all_others_with_the_work_on_it(store: Store) -> None:
    one = sitting(store)
    one.take([op("1", "draft", "a", SALT), op("2", "skip", "a", SALT)])
    for id in "bcd":
        assert in_hand(one) == id
        one.take([op(f"save-{id}", "save", id)])
    task = one.current()
    assert task is not None
    assert task.draft is not None
    assert (task.document.id, task.draft.entities) == ("a", (SALT,))


def test_a_flag_leaves_the_text_in_hand_and_any_note_can_be_kept(store: Store) -> None:
    one = sitting(store)
    one.take([op("1", "flag", "a", note="half \ud83d of an emoji")])
    assert (in_hand(one), one.acked, one.told) == ("a", ["1"], "Flagged for a curator.")
    assert [flag.note for flag in flagged(store)] == ["half ? of an emoji"]


def test_occurrences_are_suggested_in_the_queue(store: Store) -> None:
    one = sitting(store)
    one.take([op("1", "occurrences", "a", text="water", label="Solvent")])
    assert one.told == "“water” is suggested as Solvent in 4 texts of the queue."
    assert one.terms.spans(TEXT) == (WATER,)


def test_a_wrong_op_is_said_and_not_asked_for_again(store: Store) -> None:
    one = sitting(store)
    one.take([Op("1", "wrong", problem=InputError("the offset 3 is odd", remedy="load the page again"))])
    assert one.problem is not None
    assert one.problem.message == "The offset 3 is odd. What to do: load the page again."
    assert one.acked == ["1"]


def test_a_text_that_another_person_has_is_not_opened_and_that_is_said(store: Store) -> None:
    one, other = sitting(store), sitting(store, "bo")
    assert (in_hand(one), in_hand(other)) == ("a", "b")
    one.take([op("1", "goto", "b")])
    assert in_hand(one) == "a"
    assert one.problem is not None
    assert "is with 'bo'" in one.problem.message


def test_a_draft_after_the_time_is_over_is_kept_and_says_that_another_has_the_text(store: Store) -> None:
    one = sitting(store)
    desk(store).release(DocId("a"))
    desk(store, "bo").open(DocId("a"))
    one.take([op("1", "draft", "a", SALT)])
    assert one.problem is not None
    assert one.problem.message.startswith("Another person has this text by now")
    assert desk(store, "bo").open(DocId("a")).draft is None
    other_saves(store, WATER)
    assert in_hand(sitting(store)) == "a", "their own work is shown beside what was saved"


def test_demonstrations_are_shown_until_the_next_text(store: Store) -> None:
    one = sitting(store)
    one.take([op("1", "demonstrations", "a", ids=("c", "d"))])
    assert one.demonstrations == ("c", "d")
    one.take([op("2", "save", "a")])
    assert one.demonstrations == ()


def test_a_restored_answer_is_shown_and_the_others_stay_in_the_history(store: Store) -> None:
    one = sitting(store)
    first = desk(store).save(Answer(DocId("a"), (SALT,), 0, "x", 1.0))
    desk(store).save(Answer(DocId("a"), (WATER,), first.seq or 0, "y", 1.0))
    one.open(DocId("a"))
    one.restore(first.seq or 0)
    task = one.current()
    assert task is not None
    assert task.entities == (SALT,)
    assert [spans for _, spans in kept(store)] == [(SALT,), (WATER,), (SALT,)]


def test_who_saved_or_skipped_is_heard_of_and_acknowledgements_do_not_grow_for_ever(store: Store) -> None:
    heard: list[str] = []
    one = sitting(store)
    one.passed = heard.append
    one.take([op("1", "save", "a"), op("2", "skip", "b")])
    assert heard == ["a", "b"]
    one.take([op(f"d{n}", "demonstrations", "c") for n in range(MOST_ACKED + 20)])
    assert len(one.acked) <= MOST_ACKED + 1


def test_a_draft_of_another_tab_is_taken_in_hand_with_its_newer_ground(store: Store) -> None:
    one = sitting(store)
    theirs = other_saves(store, WATER)
    one.take([op("1", "draft", "a", SALT, WATER, version=theirs.seq or 0, n=3)])
    task = one.current()
    assert task is not None
    assert task.draft == Draft((SALT, WATER), (), 3, theirs.seq or 0, task.draft.at if task.draft else NOW)
    assert (task.version, one.problem) == (theirs.seq, None)
