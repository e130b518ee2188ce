import pytest

from allabel.document import Span
from allabel.errors import InputError
from eval.counts import Counts
from eval.strict import strict, strict_by_document

GOLD = [[Span(0, 4, "A"), Span(8, 13, "B")], [Span(0, 2, "A")], []]
PREDICTED = [[Span(0, 4, "A"), Span(8, 12, "B")], [Span(0, 2, "B")], [Span(3, 5, "A")]]


def test_only_exact_start_end_and_label_count():
    scores = strict(GOLD, PREDICTED)
    assert scores.per_label == {"A": Counts(1, 2, 2), "B": Counts(0, 2, 1)}
    assert scores.micro == Counts(1, 4, 3)
    assert scores.micro.f1 == pytest.approx(2 / 7)
    assert scores.macro_f1 == pytest.approx((0.5 + 0) / 2)


def test_a_span_given_twice_counts_once():
    twice = [[Span(0, 4, "A"), Span(0, 4, "A")]]
    assert strict(twice, twice).micro == Counts(1, 1, 1)


def test_the_same_offsets_in_another_document_are_no_match():
    assert strict([[Span(0, 1, "A")], []], [[], [Span(0, 1, "A")]]).micro == Counts(0, 1, 1)


def test_two_labels_on_one_stretch_are_two_entities():
    both = [[Span(0, 4, "A"), Span(0, 4, "B")]]
    assert strict(both, [[Span(0, 4, "B")]]).micro == Counts(1, 1, 2)


@pytest.mark.parametrize("corpus", [[], [[]], [[], []]])
def test_nothing_to_find_and_nothing_found_scores_zero(corpus):
    assert strict(corpus, corpus).micro.f1 == 0


def test_each_document_has_its_own_counts():
    assert strict_by_document(GOLD, PREDICTED) == [Counts(1, 2, 2), Counts(0, 1, 1), Counts(0, 1, 0)]


def test_a_document_without_partner_is_refused():
    with pytest.raises(InputError, match="3 gold documents but 2 predicted"):
        strict(GOLD, PREDICTED[:2])
