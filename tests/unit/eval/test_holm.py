import pytest

from allabel.errors import InputError
from eval.holm import holm


def test_the_smallest_is_multiplied_by_all_and_the_next_by_one_fewer():
    # 0.01 · 4, 0.02 · 3, 0.03 · 2 (no less than 0.06), 0.04 · 1 (no less than 0.06)
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])


def test_no_corrected_value_is_above_one():
    assert holm([0.6, 0.7]) == [1, 1]


def test_one_comparison_stays_as_it_is_and_none_stays_none():
    assert holm([0.03]) == [0.03]
    assert holm([]) == []


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_what_is_no_p_value_is_refused(p):
    with pytest.raises(InputError, match="from 0 to 1"):
        holm([0.5, p])
