"""Scores against arrays worked out by hand, and MNLP against all sequences of a tiny model."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allabel.active import scores
from allabel.active.scores import aggregate_each, in_order
from allabel.errors import InputError

PROBS = np.array([[0.5, 0.3, 0.2], [1.0, 0.0, 0.0], [0.4, 0.4, 0.2], [1 / 3, 1 / 3, 1 / 3]])


def test_breaking_ties_is_the_difference_of_the_two_likeliest_tags():
    assert scores.breaking_ties(PROBS) == pytest.approx([0.2, 1.0, 0.0, 0.0])


def test_least_confidence_is_the_probability_of_the_likeliest_tag():
    assert scores.least_confidence(PROBS) == pytest.approx([0.5, 1.0, 0.4, 1 / 3])


def test_entropy_is_negative_so_that_the_highest_entropy_comes_first_and_zero_probabilities_count_nothing():
    by_hand = [
        0.5 * math.log(0.5) + 0.3 * math.log(0.3) + 0.2 * math.log(0.2),
        0.0,
        0.8 * math.log(0.4) + 0.2 * math.log(0.2),
        -math.log(3),
    ]
    assert scores.prediction_entropy(PROBS) == pytest.approx(by_hand)


def test_every_score_puts_a_tie_before_certainty():
    doubtful, certain = np.array([[0.5, 0.5]]), np.array([[1.0, 0.0]])
    for score in (scores.breaking_ties, scores.least_confidence, scores.prediction_entropy):
        assert score(doubtful)[0] < score(certain)[0]
    assert scores.mnlp(-3.0, 3) < scores.mnlp(-0.3, 3)
    assert scores.sequence_lc(-3.0) < scores.sequence_lc(-0.3)
    assert scores.bald(np.array([[0], [1]]))[0] < scores.bald(np.array([[1], [1]]))[0]


def test_bald_is_the_share_of_passes_that_disagree_with_the_most_popular_tag():
    samples = np.array([[0, 2, 1, 0], [0, 2, 2, 1], [0, 1, 0, 1], [0, 2, 1, 0]])
    assert scores.disagreement(samples) == pytest.approx([0, 0.25, 0.5, 0.5])
    assert scores.bald(samples) == pytest.approx([0, -0.25, -0.5, -0.5])
    assert aggregate_each(scores.bald(samples), np.array([4]), "mean") == pytest.approx([-0.3125])


def test_lc_takes_long_sentences_first_and_mnlp_does_not():
    short, long = (2 * math.log(0.8), 2), (20 * math.log(0.9), 20)
    assert scores.sequence_lc(long[0]) < scores.sequence_lc(short[0])
    assert scores.mnlp(*long) > scores.mnlp(*short)


def test_lc_keeps_its_order_where_the_probability_itself_would_underflow():
    assert scores.sequence_lc(-2000.0) < scores.sequence_lc(-1000.0)


def test_mnlp_equals_exhaustive_enumeration_on_a_tiny_autoregressive_model():
    n_tags, n_words = 3, 4
    rng = np.random.default_rng(3)
    # P(tag | word, previous tag); the row behind the last tag is for the beginning.
    table = rng.dirichlet(np.ones(n_tags), size=(n_words, n_tags + 1))
    sequences = list(itertools.product(range(n_tags), repeat=n_words))

    def probability(tags):
        before = (n_tags, *tags)
        return math.prod(table[i, before[i], tag] for i, tag in enumerate(tags))

    assert sum(map(probability, sequences)) == pytest.approx(1)
    greedy, log_probability = [], 0.0
    for i in range(n_words):
        row = table[i, greedy[-1] if greedy else n_tags]
        greedy.append(int(row.argmax()))
        log_probability += math.log(row.max())
    exact = math.log(probability(tuple(greedy)))
    assert scores.sequence_lc(log_probability) == pytest.approx(exact)
    assert scores.mnlp(log_probability, n_words) == pytest.approx(exact / n_words)
    # Minus the log of the perplexity of the decided sequence.
    perplexity = probability(tuple(greedy)) ** (-1 / n_words)
    assert scores.mnlp(log_probability, n_words) == pytest.approx(-math.log(perplexity))


@pytest.mark.parametrize(("how", "expected"), [("min", [0.1, np.inf, 0.4]), ("max", [0.3, np.inf, 0.4])])
def test_a_sentence_scores_as_its_lowest_or_highest_word_and_one_without_words_comes_last(how, expected):
    assert aggregate_each(np.array([0.3, 0.1, 0.2, 0.4]), np.array([3, 0, 1]), how).tolist() == expected


def test_the_mean_of_a_sentence_is_of_its_own_words():
    assert aggregate_each(np.array([0.3, 0.1, 0.2, 0.4]), np.array([3, 0, 1]), "mean") == pytest.approx(
        [0.2, np.inf, 0.4]
    )


def test_another_aggregation_is_refused_and_the_known_ones_are_named():
    with pytest.raises(InputError, match="min, max, mean"):
        aggregate_each(np.array([0.3]), np.array([1]), "median")


@pytest.mark.parametrize("wrong", [[[2.0, -1.0]], [[0.5, 0.4]], [[np.nan, 1.0]], [[1.0, 2.0]]])
def test_rows_that_are_no_distributions_are_refused_with_the_row(wrong):
    for score in (scores.breaking_ties, scores.least_confidence, scores.prediction_entropy):
        with pytest.raises(InputError, match="word 1"):
            score(np.array([[0.5, 0.5], *wrong]))


def test_shapes_that_cannot_be_are_refused():
    with pytest.raises(InputError, match="shape"):
        scores.breaking_ties(np.array([0.5, 0.5]))
    with pytest.raises(InputError, match="two tags"):
        scores.breaking_ties(np.array([[1.0]]))
    with pytest.raises(InputError, match="shape"):
        scores.bald(np.array([0, 1]))
    with pytest.raises(InputError, match="float"):
        scores.bald(np.array([[0.5, 1.0]]))
    with pytest.raises(InputError, match="above 0"):
        scores.mnlp(0.7, 3)
    with pytest.raises(InputError, match="no number"):
        scores.sequence_lc(math.nan)


def test_no_words_give_no_scores():
    for score in (scores.breaking_ties, scores.least_confidence, scores.prediction_entropy):
        assert score(np.zeros((0, 3))).shape == (0,)
    assert scores.bald(np.zeros((5, 0), dtype=np.int64)).shape == (0,)
    assert scores.mnlp(0.0, 0) == 0


@given(st.lists(st.lists(st.floats(0.01, 1), min_size=3, max_size=3), min_size=1, max_size=20))
def test_scores_stay_within_their_bounds_and_do_not_depend_on_the_order_of_tags(rows):
    probs = np.array(rows) / np.array(rows).sum(axis=1, keepdims=True)
    for score, low, high in (
        (scores.breaking_ties, 0, 1),
        (scores.least_confidence, 1 / 3, 1),
        (scores.prediction_entropy, -math.log(3), 0),
    ):
        found = score(probs)
        assert np.all((found >= low - 1e-9) & (found <= high + 1e-9))
        assert found == pytest.approx(score(probs[:, ::-1]))


def test_the_lowest_scores_come_first_and_equal_ones_are_drawn():
    assert in_order(np.array([0.3, 0.1, np.inf, 0.2]), np.random.default_rng(0)).tolist() == [1, 3, 0, 2]
    assert {tuple(in_order(np.zeros(3), np.random.default_rng(seed)).tolist()) for seed in range(60)} == set(
        itertools.permutations(range(3))
    )


def test_random_scores_come_from_their_generator():
    draws = [scores.random_scores(5, np.random.default_rng(seed)).tolist() for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]
