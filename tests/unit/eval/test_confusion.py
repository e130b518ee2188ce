import numpy as np
import pytest

from allabel.document import Span
from allabel.errors import InputError
from eval.confusion import Confusion, Error, Kind, confusion, errors

GOLD = [
    Span(0, 4, "A"),  # right
    Span(5, 9, "A"),  # taken for B
    Span(10, 14, "A"),  # other boundaries
    Span(15, 19, "A"),  # both
    Span(20, 24, "B"),  # missed
]
PREDICTED = [Span(0, 4, "A"), Span(5, 9, "B"), Span(10, 13, "A"), Span(14, 19, "B"), Span(30, 34, "C")]


def test_every_entity_is_counted_once_by_what_became_of_it():
    found = confusion([GOLD], [PREDICTED])
    assert {kind: found.n(kind) for kind in Kind} == dict.fromkeys(Kind, 1)


def test_the_matrix_holds_gold_against_predicted():
    found = confusion([GOLD], [PREDICTED])
    assert found.labels == ("A", "B", "C")
    assert found.matrix(found.labels).tolist() == [
        [2, 2, 0, 0],
        [0, 0, 0, 1],
        [0, 0, 0, 0],
        [0, 0, 1, 0],
    ]


def test_the_matrix_takes_the_order_it_is_given():
    found = confusion([[Span(0, 1, "A")]], [[Span(0, 1, "B")]])
    assert found.matrix(["B", "X", "A"]).tolist() == [[0, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]


def test_rows_sum_to_gold_and_columns_to_predictions():
    found = confusion([GOLD, PREDICTED], [PREDICTED, GOLD[:2]])
    matrix = found.matrix(found.labels)
    assert matrix[:-1].sum() == len(GOLD) + len(PREDICTED)
    assert matrix[:, :-1].sum() == len(PREDICTED) + 2
    assert matrix[-1, -1] == 0


def test_documents_add_up():
    whole = confusion([GOLD, GOLD[:2]], [PREDICTED, PREDICTED[1:2]])
    parts = confusion([GOLD], [PREDICTED]) + confusion([GOLD[:2]], [PREDICTED[1:2]]) + Confusion()
    assert parts == whole
    assert np.array_equal(parts.matrix(parts.labels), whole.matrix(whole.labels))


def test_mistaken_types_come_most_often_first_whatever_the_bounds():
    found = confusion([GOLD] * 2 + [[Span(0, 2, "B")]], [PREDICTED] * 2 + [[Span(0, 3, "A")]])
    assert found.mistaken == [("A", "B", 4), ("B", "A", 1)]


def test_errors_come_from_left_to_right():
    assert errors(GOLD, PREDICTED) == [
        Error(Kind.TYPE, GOLD[1], PREDICTED[1]),
        Error(Kind.BOUNDARY, GOLD[2], PREDICTED[2]),
        Error(Kind.BOTH, GOLD[3], PREDICTED[3]),
        Error(Kind.MISSED, GOLD[4], None),
        Error(Kind.INVENTED, None, PREDICTED[4]),
    ]


def test_one_prediction_over_two_entities_leaves_one_missed():
    found = errors([Span(0, 4, "A"), Span(5, 9, "A")], [Span(0, 9, "A")])
    assert sorted(error.kind for error in found) == [Kind.BOUNDARY, Kind.MISSED]


def test_a_span_given_twice_counts_once_and_nothing_is_no_error():
    assert confusion([[GOLD[0]] * 2], [[GOLD[0]] * 3]).cases == {("A", "A", Kind.RIGHT): 1}
    assert errors(GOLD, GOLD) == []
    assert confusion([], []).labels == ()


def test_documents_without_a_partner_are_refused():
    with pytest.raises(InputError, match="gold documents but"):
        confusion([GOLD], [])
