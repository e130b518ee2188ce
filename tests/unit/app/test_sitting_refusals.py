"""A person's sitting where something cannot be done: it is said in words, and refused work stays."""

from pathlib import Path

import pytest
from at_the_desk import SALT, WATER, in_hand, kept, locked, op, sitting

from allabel.document import Span
from allabel.errors import InputError
from allabel.schema import LabelSchema
from allabel.store import Store
from app.components.span_editor.ops import Kind, Op


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
def test_an_unknown_text_blocks_nothing(store: Store, kind: Kind) -> None:
    one = sitting(store)
    one.take([op("1", kind, "gone", SALT), op("2", "draft", "a", SALT)])
    assert one.acked == ["1", "2"]
    assert in_hand(one) == "a"


def test_a_wrong_op_is_said_and_not_asked_for_again(store: Store) -> None:
    one = sitting(store)
    one.take([Op("1", "wrong", problem=InputError("the offset 3 is odd", remedy="load the page again"))])
    assert one.problem is not None
    assert one.problem.message == "The offset 3 is odd. What to do: load the page again."
    assert one.acked == ["1"]
