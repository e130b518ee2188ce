"""Which sentences are annotated first."""

import math

import numpy as np
import pytest
from counting_tagger import a_pool

from allabel.active.initial import (
    at_random,
    by_strategy,
    check_start,
    first_sentences,
    lowest,
    n_first,
    nnp_guided,
)
from allabel.active.sentence import Sentence
from allabel.errors import InputError, UnknownNameError


def of_pos(*tags: str) -> Sentence:
    return Sentence.of_words("".join(tags), ["w"] * len(tags), None, tags)


def test_a_share_of_sentences_is_rounded_up_to_at_least_one():
    assert [n_first(0.01, n) for n in (1, 50, 100, 101, 1500)] == [1, 1, 1, 2, 15]
    assert n_first(1.0, 7) == 7


def test_random_sentences_come_from_the_seed():
    pool = a_pool(50)
    draws = [first_sentences("random", pool, 10, s, masked_lm="", tell=print).tolist() for s in (0, 0, 1)]
    assert draws[0] == draws[1] != draws[2]
    assert len(set(draws[0])) == 10
    assert at_random(3, 9, np.random.default_rng(0)).tolist() == [0, 1, 2]


def test_nnp_guided_keeps_sentences_with_at_least_the_log_of_their_length_in_proper_nouns():
    # log 3 = 1.1: one proper noun is too few, two are enough. log 1 = 0: always enough.
    pool = [of_pos("NNP", "NN", "NN"), of_pos("NNP", "NNP", "NN"), of_pos("NN"), of_pos("NNPS", "NNPS", "NN")]
    for seed in range(20):
        assert nnp_guided(pool, 2, np.random.default_rng(seed)).tolist() == [1, 2]
    drawn = {tuple(nnp_guided(pool, 1, np.random.default_rng(seed)).tolist()) for seed in range(20)}
    assert drawn == {(1,), (2,)}


def test_nnp_guided_fills_up_at_random_where_too_few_have_enough():
    pool = [of_pos("NNP", "NNP", "NN"), *[of_pos("NN", "NN", "NN")] * 5]
    drawn = {tuple(nnp_guided(pool, 2, np.random.default_rng(seed)).tolist()) for seed in range(60)}
    assert drawn == {(0, other) for other in range(1, 6)}


def test_nnp_guided_takes_the_factor_of_the_public_code():
    sentence = of_pos("NNP", "NNP", "NN")
    assert math.log(3) < 2 < 2 * math.log(3)
    pool = [sentence, of_pos("NNP", "NNP", "NNP")]
    assert nnp_guided(pool, 1, np.random.default_rng(1), alpha=2).tolist() == [1]


def test_the_lowest_scores_are_taken_and_equal_ones_drawn():
    assert lowest(np.array([0.3, 0.1, 0.2]), 2, np.random.default_rng(0)).tolist() == [1, 2]
    assert {int(lowest(np.zeros(3), 1, np.random.default_rng(seed))[0]) for seed in range(40)} == {0, 1, 2}


@pytest.mark.parametrize("strategy", ["word_coverage", "core_set", "core_set:1,sum_rank:3", "uniform"])
def test_strategies_of_the_llm_path_begin_as_well(strategy):
    pool = a_pool(40)
    chosen = by_strategy(strategy, pool, 8, 0).tolist()
    assert len(set(chosen)) == 8
    assert chosen == sorted(chosen) == by_strategy(strategy, pool, 8, 0).tolist()


@pytest.mark.parametrize("strategy", ["perplexity", "allabel", "adaptive"])
def test_a_strategy_that_needs_annotations_is_refused(strategy):
    with pytest.raises(InputError, match="nothing is annotated yet"):
        check_start(strategy)


def test_another_start_is_refused_with_the_nearest_name():
    with pytest.raises(UnknownNameError, match="word_coverage"):
        check_start("word_covrage")
