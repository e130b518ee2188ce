"""A person's sitting where others are at the same text: both answers are shown, and no work is lost."""

import pytest
from at_the_desk import NOW, SALT, WATER, desk, in_hand, kept, op, other_saves, sitting

from allabel.document import DocId
from allabel.people.desk import Draft
from allabel.store import Store


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


def test_a_draft_of_another_tab_is_taken_in_hand_with_its_newer_ground(store: Store) -> None:
    one = sitting(store)
    theirs = other_saves(store, WATER)
    one.take([op("1", "draft", "a", SALT, WATER, version=theirs.seq or 0, n=3)])
    task = one.current()
    assert task is not None
    assert task.draft == Draft((SALT, WATER), (), 3, theirs.seq or 0, task.draft.at if task.draft else NOW)
    assert (task.version, one.problem) == (theirs.seq, None)
