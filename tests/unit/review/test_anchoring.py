"""Anchoring: answers beside suggestions shown and withheld, and the traps of comparing a suggestion with itself."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allabel.document import Annotation, DocId, Span
from allabel.reply import Grounding, Proposal, Reply, Status, TaggedDocument
from allabel.review.anchoring import FEWEST, Compared, anchoring, comparable

AT = datetime(2026, 5, 3, tzinfo=UTC)
A, B = Span(0, 4, "Chemical"), Span(8, 13, "Solvent")


def tagged(doc: str, *spans: Span, status: Status = Status.OK) -> TaggedDocument:
    proposals = tuple(Proposal(s.label, "x", s, Grounding.EXACT) for s in spans)
    return TaggedDocument(DocId(doc), "NaCl in water", Reply(status, proposals), "embedded", "crf")


def answer(doc: str, *spans: Span, suggested: int | None = 1, blind: bool = False, **more: Any) -> Annotation:
    kept: dict[str, Any] = {"author": "ann", "source": "app", "at": AT, "based_on": 0, **more}
    return Annotation(DocId(doc), spans, suggested=suggested, blind=blind, **kept)


def compared(n_shown: int, n_blind: int, right_shown: int, right_blind: int) -> list[Compared]:
    return [
        Compared(DocId(str(i)), (A,), (A,) if i < right else (B,), blind)
        for blind, n, right in ((False, n_shown, right_shown), (True, n_blind, right_blind))
        for i in range(n)
    ]


def test_the_difference_is_that_of_f1_shown_and_withheld():
    found = anchoring(compared(40, 20, 36, 10), np.random.default_rng(0))
    assert (found.f1_shown, found.f1_blind) == (0.9, 0.5)
    assert found.difference == pytest.approx(0.4)
    assert 0 < found.low < 0.4 < found.high
    assert "90.0 F1 where it was shown (40 texts) and by 50.0" in found.sentence
    assert "lean towards what they are shown" in found.sentence


def test_an_interval_that_holds_zero_claims_nothing():
    found = anchoring(compared(30, 30, 24, 23), np.random.default_rng(0))
    assert found.low < 0 < found.high
    assert "anchoring is not shown" in found.sentence


def test_answers_nearer_to_what_was_withheld_speak_against_anchoring():
    found = anchoring(compared(40, 40, 10, 36), np.random.default_rng(0))
    assert found.high < 0
    assert "nothing speaks for anchoring" in found.sentence


def test_too_few_texts_allow_no_word():
    found = anchoring(compared(200, FEWEST - 1, 200, 0), np.random.default_rng(0))
    assert (found.difference, found.low, found.high) == (None, None, None)
    assert (found.f1_shown, found.f1_blind) == (1.0, 0.0)
    assert f"below {FEWEST} of each" in found.sentence


def test_groups_without_any_span_are_no_zero():
    nothing = [Compared(DocId(str(i)), (), (), blind) for blind in (False, True) for i in range(FEWEST)]
    found = anchoring(nothing, np.random.default_rng(0))
    assert (found.f1_shown, found.difference) == (None, None)
    assert "nothing is marked" in found.sentence


def test_nobody_at_all_is_said_so():
    assert "0 answers with the suggestion shown and 0" in anchoring([], np.random.default_rng(0)).sentence


def test_only_first_answers_that_stand_on_nothing_but_the_recorded_suggestion_are_compared():
    suggestions = {1: tagged("1", A), 2: tagged("2", A), 3: tagged("3", A, status=Status.REFUSED), 6: tagged("6", A)}
    history = [
        answer("1", B, suggested=1),
        answer("1", A, suggested=1, author="bo"),  # the model may have learned from ann's answer
        answer("2", A, suggested=1),  # the suggestion of another text
        answer("3", A, suggested=3),  # a reply that says nothing
        answer("4", A, suggested=None),
        answer("5", A, suggested=99),
        answer("6", A, suggested=6, based_on=4),  # began from another answer
        answer("7", A, suggested=None, source="import"),
    ]
    found, n_left_out = comparable(history, suggestions)
    assert found == [Compared(DocId("1"), (A,), (B,), blind=False)]
    assert n_left_out == 6


def test_an_import_before_makes_the_pages_answer_a_second_one():
    history = [answer("1", A, source="import", suggested=None), answer("1", A, suggested=1, blind=True)]
    assert comparable(history, {1: tagged("1", A)}) == ([], 1)


SPANS = st.sets(st.sampled_from([A, B])).map(lambda spans: tuple(sorted(spans)))


@given(st.lists(st.builds(Compared, st.just(DocId("1")), SPANS, SPANS, st.booleans()), max_size=60))
def test_anchoring_is_bounded_and_never_nan(given_: list[Compared]):
    found = anchoring(given_, np.random.default_rng(1))
    assert found.n_shown + found.n_blind == len(given_)
    for x in (found.f1_shown, found.f1_blind, found.difference, found.low, found.high):
        assert x is None or -1 <= x <= 1
    if found.difference is not None:
        assert found.low <= found.high
