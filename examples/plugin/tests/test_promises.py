"""The three keep the promises that allabel's own parts keep: its contracts, inherited."""

import pytest
from allabel_lab.dictionary import Dictionary
from allabel_lab.quantities import Quantities
from allabel_lab.ris import Ris

from allabel.testing import AnnotatorContract, FormatContract, StageContract


class TestQuantities(StageContract):
    @pytest.fixture
    def make(self):
        return Quantities


class TestRis(FormatContract):
    kept = frozenset({"id"})

    @pytest.fixture
    def make(self):
        return Ris


class TestDictionary(AnnotatorContract):
    @pytest.fixture
    def make(self):
        return Dictionary
