import pytest

from allabel.document import Span
from allabel.errors import InputError
from eval.semeval import SemEval, Tally, match, semeval


def test_the_published_example():
    # The table that goes with the task's scorer: one row a scenario, offsets made up, labels as published.
    gold = [
        Span(0, 7, "BRAND"),  # missed
        Span(20, 28, "DRUG"),  # predicted as "of warfarin"
        Span(30, 41, "DRUG"),  # predicted as BRAND
        Span(50, 59, "DRUG"),  # right
        Span(60, 70, "GROUP"),  # right
        Span(85, 99, "GROUP"),  # predicted as DRUG "oral contraceptives"
    ]
    predicted = [
        Span(10, 17, "BRAND"),  # "healthy": spurious
        Span(17, 28, "DRUG"),
        Span(30, 41, "BRAND"),
        Span(50, 59, "DRUG"),
        Span(60, 70, "GROUP"),
        Span(80, 99, "DRUG"),
    ]
    scores = semeval([gold], [predicted])
    assert scores == SemEval(
        partial=Tally(correct=3, incorrect=0, partial=2, missed=1, spurious=1),
        type=Tally(correct=3, incorrect=2, partial=0, missed=1, spurious=1),
        exact=Tally(correct=3, incorrect=2, partial=0, missed=1, spurious=1),
    )
    assert (scores.partial.precision, scores.partial.recall) == (pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert (scores.type.precision, scores.type.f1, scores.exact.recall) == (0.5, 0.5, 0.5)


def test_precision_and_recall_part_where_the_sides_differ_in_number():
    tally = Tally(correct=1, incorrect=0, partial=1, missed=2, spurious=1)
    assert (tally.possible, tally.actual, tally.credit) == (4, 3, 1.5)
    assert (tally.precision, tally.recall) == (0.5, 0.375)
    assert tally.f1 == pytest.approx(2 * 0.5 * 0.375 / 0.875)


def test_one_prediction_over_two_gold_spans_is_rewarded_once():
    scores = semeval([[Span(0, 4, "A"), Span(5, 9, "A")]], [[Span(0, 9, "A")]])
    assert scores.type == Tally(correct=1, missed=1)
    assert scores.partial == Tally(partial=1, missed=1)


def test_two_predictions_within_one_gold_span_are_rewarded_once():
    assert semeval([[Span(0, 9, "A")]], [[Span(0, 4, "A"), Span(5, 9, "A")]]).type == Tally(correct=1, spurious=1)


def test_touching_spans_do_not_overlap():
    assert semeval([[Span(0, 4, "A")]], [[Span(4, 8, "A")]]).partial == Tally(missed=1, spurious=1)


def test_an_identical_partner_goes_before_a_longer_one():
    gold, predicted = {Span(0, 4, "A")}, {Span(0, 4, "A"), Span(0, 9, "A")}
    assert match(gold, predicted) == [(Span(0, 4, "A"), Span(0, 4, "A"))]


@pytest.mark.parametrize("longer", [Span(2, 9, "A"), Span(0, 6, "A")])
def test_the_same_boundaries_go_before_the_same_label(longer):
    assert match({Span(2, 6, "A")}, {Span(2, 6, "B"), longer}) == [(Span(2, 6, "A"), Span(2, 6, "B"))]


def test_the_same_label_goes_before_another():
    gold, predicted = {Span(0, 9, "A")}, {Span(0, 8, "B"), Span(7, 10, "A")}
    assert match(gold, predicted) == [(Span(0, 9, "A"), Span(7, 10, "A"))]


def test_no_pair_is_lost_to_a_greedy_choice():
    # Taking the large overlap (0-9, 2-12) first would leave 0-3 and 10-12 without partners.
    gold, predicted = {Span(0, 9, "A"), Span(10, 12, "A")}, {Span(0, 3, "A"), Span(2, 12, "A")}
    assert len(match(gold, predicted)) == 2


def test_a_span_given_twice_counts_once():
    assert semeval([[Span(0, 4, "A")] * 2], [[Span(0, 4, "A")] * 3]).exact == Tally(correct=1)


@pytest.mark.parametrize("corpus", [[], [[]]])
def test_nothing_scores_zero(corpus):
    scores = semeval(corpus, corpus)
    assert scores == SemEval()
    assert (scores.partial.precision, scores.partial.recall, scores.partial.f1) == (0, 0, 0)


def test_a_document_without_partner_is_refused():
    with pytest.raises(InputError, match="0 gold documents but 1 predicted"):
        semeval([], [[]])
