"""What annotation takes, in words and seconds."""

import numpy as np
import pytest

from allabel.active.costs import Cost, Prices
from allabel.active.flat import Words
from allabel.active.sentence import Sentence
from allabel.select.cost import CostModel

WORDS = Words.of(
    [
        Sentence.of_words("a", list("uvwxyz"), ["B-A", "I-A", "O", "O", "B-A", "O"]),
        Sentence.of_words("b", list("uv"), ["O", "O"]),
    ]
)
PRICES = Prices(CostModel(fixed_s=10, per_token_s=1, per_entity_s=100), context_s_per_word=0.5)


def test_a_whole_sentence_costs_as_the_cost_model_says():
    cost = PRICES.of(WORDS, np.arange(6))
    assert cost == Cost(n_words=6, n_entities=2, n_shown=1, seconds=10 + 6 + 200)
    assert cost.seconds == pytest.approx(60 * PRICES.model.minutes(6, 2))


def test_for_single_words_the_rest_of_the_sentence_is_read():
    cost = PRICES.of(WORDS, np.array([1, 7]))
    assert cost == Cost(2, 1, 2, seconds=20 + 2 + 100 + 0.5 * (5 + 1))


def test_reading_can_be_free():
    assert Prices(PRICES.model, 0).of(WORDS, np.array([2])).seconds == 11


def test_costs_add_up():
    assert PRICES.of(WORDS, np.array([2])) + PRICES.of(WORDS, np.array([3])) == Cost(2, 0, 2, 2 * (10 + 1 + 2.5))
    assert PRICES.of(WORDS, np.zeros(0, dtype=np.int64)) == Cost()
