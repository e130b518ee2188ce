"""A person's sitting: what the browser sends is dealt with once, and the next text comes when due."""

from at_the_desk import SALT, TEXT, WATER, desk, in_hand, kept, op, sitting

from allabel.document import DocId
from allabel.people.desk import Answer
from allabel.people.marks import flagged
from allabel.store import Store
from app.sitting import MOST_ACKED


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


def test_enter_pressed_twice_keeps_one_answer(store: Store) -> None:
    one = sitting(store)
    one.take([op("1", "save", "a", SALT), op("2", "save", "a", SALT)])
    assert kept(store) == [("ada", (SALT,))]
    assert (one.problem, one.acked, in_hand(one)) == (None, ["1", "2"], "b")


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
