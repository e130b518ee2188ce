"""What waits for adjudication, and several people's spans in one view."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from allabel.document import Annotation, DocId, Span
from allabel.review.open import Marked, merged, undecided

AT = datetime(2026, 5, 3, tzinfo=UTC)
A, B, C = Span(0, 4, "Chemical"), Span(8, 13, "Solvent"), Span(8, 13, "Chemical")


def answer(author: str, *spans: Span, doc: str = "1", source: str = "app", **more: Any) -> Annotation:
    return Annotation(DocId(doc), spans, author, source, AT, **more)


def test_differing_answers_wait_apart_from_those_that_are_the_same():
    found = undecided([answer("a", A), answer("a", A, B, doc="2"), answer("b", B), answer("b", B, A, doc="2")])
    assert [(one.doc_id, one.people) for one in found.disputed] == [("1", ("a", "b"))]
    assert [one.doc_id for one in found.agreed] == ["2"]


def test_one_answer_waits_for_nobody():
    assert undecided([answer("a", A), answer("b", A, doc="2")]).disputed == ()


def test_a_review_after_the_newest_answer_closes_the_text():
    history = [answer("a", A), answer("b", B), answer("c", A, source="review")]
    assert undecided(history) == undecided([])
    again = [*history, answer("a", C)]
    assert [one.doc_id for one in undecided(again).disputed] == ["1"]


def test_a_second_answer_after_the_review_opens_it():
    assert undecided([answer("a", A), answer("c", A, source="review"), answer("b", B)]).disputed


def test_an_answer_that_corrects_anothers_is_no_second_one():
    found = undecided([answer("a", A, seq=1), answer("b", B, seq=2, based_on=1)])
    assert (found.disputed, found.agreed) == ((), ())


def test_the_merged_view_names_who_marked_what():
    found = merged([answer("a", A, B), answer("b", A, C)])
    assert found == (Marked(A, ("a", "b"), True), Marked(C, ("b",), False), Marked(B, ("a",), False))


SPANS = st.sets(st.sampled_from([A, B, C]))


@given(st.lists(SPANS, min_size=2, max_size=4))
def test_the_merged_view_loses_and_invents_nothing(sides: list[set[Span]]):
    answers = [answer(f"p{i}", *sorted(side)) for i, side in enumerate(sides)]
    view = merged(answers)
    for i, side in enumerate(sides):
        assert {one.span for one in view if f"p{i}" in one.people} == side
    assert {one.span for one in view if one.agreed} == set.intersection(*sides)
