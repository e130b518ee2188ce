"""Balanced undersampling."""

import pytest

from allabel.active.imbalance.methods import balanced
from allabel.active.imbalance.undersampling import near_entities, undersampled
from allabel.active.sentence import Sentence
from allabel.errors import InputError


def test_the_words_nearest_to_an_entity_are_kept_until_there_are_three_for_each_of_its_words() -> None:
    tags = ["O", "O", "O", "B-X", "O", "O", "O", "O"]
    assert near_entities(tags) == [2, 3, 4]
    assert near_entities(tags, ratio=4) == [1, 2, 3, 4, 5]
    assert near_entities(tags, ratio=1) == [3]


def test_a_short_sentence_is_kept_whole_and_one_without_entities_is_dropped() -> None:
    short = Sentence.of_words("s", ["a", "b", "c"], ["B-X", "I-X", "O"])
    plain = Sentence.of_words("p", ["a", "b"], ["O", "O"])
    assert undersampled([short, plain]) == [short]
    assert near_entities(["O", None]) == []


def test_what_is_kept_bears_its_own_tags() -> None:
    sentence = Sentence.of_words("s", ["one", "two", "three", "four", "five"], ["O", "O", "O", "O", "B-X"])
    (kept,) = balanced("undersampling", [sentence], ("X",), seed=0)
    assert kept.words == ("three", "four", "five")
    assert kept.tags == ("O", "O", "B-X")


def test_where_nothing_would_be_left_it_says_so() -> None:
    plain = Sentence.of_words("p", ["a", "b"], ["O", "O"])
    with pytest.raises(InputError, match="none of the 1 sentences holds an entity"):
        balanced("undersampling", [plain], ("X",), seed=0)
    assert balanced("undersampling", [], ("X",), seed=0) == []
