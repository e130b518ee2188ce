from dataclasses import replace

from allabel.annotate.base import Demonstration
from allabel.annotate.stale import Stale, digest, shown, stale
from allabel.document import DocId, Span
from allabel.reply import Shown

A = Demonstration(DocId("a"), "HCl in water", (Span(0, 3, "C"), Span(7, 12, "C")))
B = Demonstration(DocId("b"), "NaOH", (Span(0, 4, "C"),))
PREDICTIONS = {DocId("x"): shown([A, B]), DocId("y"): shown([B]), DocId("z"): ()}


def test_nothing_changed_makes_nothing_stale() -> None:
    new = Demonstration(DocId("c"), "KOH", ())
    assert stale(PREDICTIONS, [B, A, new]) == {}


def test_an_edited_demonstration_makes_the_predictions_that_saw_it_stale() -> None:
    edited = replace(A, entities=(Span(0, 3, "D"), Span(7, 12, "C")))
    assert stale(PREDICTIONS, [edited, B]) == {"x": Stale(edited=(DocId("a"),), removed=())}


def test_a_removed_demonstration_does_too() -> None:
    assert stale(PREDICTIONS, [A]) == {
        "x": Stale(edited=(), removed=(DocId("b"),)),
        "y": Stale(edited=(), removed=(DocId("b"),)),
    }


def test_an_edited_text_counts_and_an_edit_undone_does_not() -> None:
    edited = replace(B, text="NaOD")
    assert set(stale(PREDICTIONS, [A, edited])) == {"x", "y"}
    assert stale(PREDICTIONS, [A, replace(edited, text="NaOH")]) == {}


def test_the_order_of_entities_is_no_edit() -> None:
    assert digest(replace(A, entities=A.entities[::-1])) == digest(A)


def test_without_a_digest_only_a_removal_is_known() -> None:
    old = {DocId("x"): (Shown(DocId("a"), ""), Shown(DocId("gone"), ""))}
    assert stale(old, [replace(A, entities=())]) == {"x": Stale(edited=(), removed=(DocId("gone"),))}


def test_odd_characters_have_a_digest() -> None:
    assert digest(replace(A, text="\ud800 İ", entities=())) != digest(replace(A, text="İ", entities=()))
