import pytest

from allabel.errors import InputError
from eval.counts import Counts, Scores, add_up


def test_ratios_follow_from_the_counts():
    counts = Counts(true_positive=2, predicted=4, gold=5)
    assert (counts.precision, counts.recall) == (0.5, 0.4)
    assert counts.f1 == pytest.approx(4 / 9)


@pytest.mark.parametrize("counts", [Counts(), Counts(0, 3, 0), Counts(0, 0, 3)])
def test_undefined_ratios_are_zero(counts):
    assert counts.f1 == 0
    assert counts.precision == 0
    assert counts.recall == 0


def test_counts_add():
    assert Counts(1, 2, 3) + Counts(2, 2, 4) == Counts(3, 4, 7)


@pytest.mark.parametrize("numbers", [(3, 2, 5), (3, 5, 2), (-1, 2, 2)])
def test_impossible_counts_die_at_birth(numbers):
    with pytest.raises(InputError, match="cannot be"):
        Counts(*numbers)


def test_macro_averages_over_every_type_an_invented_one_too_and_micro_adds_everything():
    scores = Scores({"A": Counts(1, 1, 1), "B": Counts(0, 0, 1), "Invented": Counts(0, 2, 0)})
    assert scores.macro_f1 == pytest.approx(1 / 3)
    assert scores.micro == Counts(1, 3, 2)


def test_no_labels_score_zero():
    empty = add_up([])
    assert (empty.macro_f1, empty.micro) == (0, Counts())


def test_labels_come_out_sorted():
    assert list(add_up([{"b": Counts(), "a": Counts()}]).per_label) == ["a", "b"]
