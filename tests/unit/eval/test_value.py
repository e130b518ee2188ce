import pytest

from allabel.errors import InputError
from eval.counts import Counts
from eval.value import value, value_by_document


def test_values_are_sets_of_label_and_string():
    gold = [{"formula": ["TiO2", "ZnO"], "name": ["rutile"]}, {"formula": ["TiO2"]}]
    predicted = [{"formula": ["TiO2", "TiO2", "tio2"], "name": []}, {"name": ["TiO2"]}]
    scores = value(gold, predicted)
    assert scores.per_label == {"formula": Counts(1, 2, 3), "name": Counts(0, 1, 1)}
    assert scores.micro.f1 == pytest.approx(2 / 7)
    assert scores.macro_f1 == pytest.approx(0.2)


def test_white_space_is_normalised_and_case_is_kept():
    scores = value([{"x": [" I4/m", "solar \n\u00a0cell"]}], [{"x": ["I4/m ", "solar cell", "Solar cell"]}])
    assert scores.micro == Counts(2, 3, 2)


def test_strings_that_differ_in_white_space_only_count_once():
    assert value([{"x": ["a b"]}], [{"x": ["a b", "a  b", "a\tb"]}]).micro == Counts(1, 1, 1)


def test_empty_strings_are_ignored():
    assert value([{"x": ["", " "]}], [{"x": ["\n"]}]).per_label == {}


def test_each_document_has_its_own_counts():
    assert value_by_document([{"x": ["a"]}, {}], [{"x": ["a"]}, {"x": ["b"]}]) == [Counts(1, 1, 1), Counts(0, 1, 0)]


def test_no_documents_score_zero():
    assert value([], []).micro == Counts()


def test_a_document_without_partner_is_refused():
    with pytest.raises(InputError, match="1 gold documents but 0 predicted"):
        value([{}], [])
