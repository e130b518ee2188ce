"""What is bought at each level: the budget kept, only unknown words, whole units."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allabel.active.flat import Words
from allabel.active.levels import LEVELS, buy, check_level
from allabel.active.queries import Scores
from allabel.active.sentence import Sentence
from allabel.errors import BudgetError, InputError

JOHN = Sentence.of_words(
    "john", ["John", "flew", "to", "New", "York", "to", "watch"], ["B-PER", "O", "O", "B-LOC", "I-LOC", "O", "O"]
)
ANN = Sentence.of_words("ann", ["Ann", "sleeps"], ["B-PER", "O"])
POOL = [JOHN, ANN]


def bought(level, budget, of_words, of_sentences=(0.0, 1.0), known=(), unit="words", pool=POOL, seed=0):
    words = Words.of(pool)
    known_words = np.isin(np.arange(len(words)), list(known))
    scores = Scores(np.array(of_words, dtype=float), np.array(of_sentences, dtype=float))
    return buy(level, words, known_words, scores, budget, unit, np.random.default_rng(seed)).tolist()


YORK_FIRST = [5, 6, 7, 8, 1, 9, 3, 2, 4]


def test_at_the_token_level_the_lowest_words_are_bought_and_no_other():
    assert bought("token", 2, YORK_FIRST) == [4, 7]


def test_at_the_entity_level_a_word_brings_its_whole_entity_and_all_its_words_are_paid():
    assert bought("entity", 1, YORK_FIRST) == [3, 4]
    assert bought("entity", 2, YORK_FIRST) == [3, 4]
    assert bought("entity", 3, YORK_FIRST) == [3, 4, 7]


def test_of_an_entity_known_in_part_only_the_rest_is_bought():
    assert bought("entity", 2, YORK_FIRST, known=[3]) == [4, 7]


def test_at_the_sentence_level_the_unknown_words_of_whole_sentences_are_bought():
    assert bought("sentence", 1, YORK_FIRST, known=[0, 1]) == [2, 3, 4, 5, 6]
    assert bought("sentence", 6, YORK_FIRST, (1.0, 0.0), known=[0, 1]) == [2, 3, 4, 5, 6, 7, 8]


def test_a_budget_in_sentences_counts_sentences():
    assert bought("sentence", 1, YORK_FIRST, (1.0, 0.0), unit="sentences") == [7, 8]
    assert len(bought("sentence", 9, YORK_FIRST, unit="sentences")) == 9


def test_a_budget_in_sentences_at_the_word_levels_is_refused():
    for level in ("entity", "token"):
        with pytest.raises(BudgetError, match="whole sentences"):
            bought(level, 1, YORK_FIRST, unit="sentences")


def test_a_level_of_words_is_refused_where_the_query_scores_sentences_only():
    with pytest.raises(InputError, match="mnlp scores whole sentences"):
        check_level("token", scores_words=False, query="mnlp")
    with pytest.raises(InputError, match="sentence, entity, token"):
        check_level("paragraph", scores_words=True)
    check_level("sentence", scores_words=False)


def test_equal_scores_are_drawn_by_the_generator_not_by_their_place():
    first = {tuple(bought("token", 1, [0.0] * 9, seed=seed)) for seed in range(60)}
    assert len(first) == 9


def test_touching_entities_are_two_unless_asked_otherwise():
    pool = [Sentence.of_words("a", ["x", "y", "z"], ["B-A", "B-B", "O"])]
    assert Words.of(pool).entity.tolist() == [0, 1, -1]
    assert Words.of(pool, touching=True).entity.tolist() == [0, 0, -1]


def test_an_orphan_inside_tag_begins_an_entity():
    pool = [Sentence.of_words("a", ["x", "y"], ["I-A", "I-A"]), Sentence.of_words("b", ["x"], ["I-A"])]
    assert Words.of(pool).entity.tolist() == [0, 0, 1]


def test_a_sentence_without_words_or_gold_is_named():
    with pytest.raises(InputError, match="'none' has no words"):
        Words.of([JOHN, Sentence.of_words("none", [], [])])
    with pytest.raises(InputError, match="'half' has 1 words without a gold tag"):
        Words.of([Sentence.of_words("half", ["x", "y"], ["O", None])])


tags = st.lists(st.sampled_from(["O", "O", "B-A", "I-A", "B-B"]), min_size=1, max_size=8)


@given(
    pool=st.lists(tags, min_size=1, max_size=8),
    level=st.sampled_from(LEVELS),
    budget=st.integers(1, 30),
    seed=st.integers(0, 99),
)
def test_only_unknown_words_are_bought_in_whole_units_and_only_the_last_goes_over_the_budget(pool, level, budget, seed):
    words = Words.of([Sentence.of_words(str(i), ["w"] * len(t), t) for i, t in enumerate(pool)])
    rng = np.random.default_rng(seed)
    known = rng.random(len(words)) < 0.3
    of_words, of_sentences = rng.random(len(words)), rng.random(len(pool))
    got = buy(level, words, known, Scores(of_words, of_sentences), budget, "words", rng)
    assert not known[got].any()
    assert len(set(got.tolist())) == len(got)
    assert got.tolist() == sorted(got.tolist())
    # Each bought word lies in a unit all of whose unknown words are bought.
    unit = {
        "sentence": words.sentence,
        "entity": np.where(words.entity >= 0, words.entity, 1000 + np.arange(len(words))),
        "token": np.arange(len(words)),
    }[level]
    score = of_sentences[words.sentence] if level == "sentence" else of_words
    in_units = np.isin(unit, unit[got]) & ~known
    assert np.flatnonzero(in_units).tolist() == got.tolist()
    if len(got) < budget:
        assert len(got) == np.count_nonzero(~known)
        return
    # Without the unit that was bought last, less than the budget was spent; and none is passed over for a later one.
    best = {u: score[(unit == u) & ~known].min() for u in set(unit[~known].tolist())}
    last = max(set(unit[got].tolist()), key=best.__getitem__)
    assert len(got) - np.count_nonzero((unit == last) & ~known) < budget
    left = [best[u] for u in best if u not in set(unit[got].tolist())]
    assert not left or min(left) > best[last]


def test_five_thousand_sentences_take_well_under_a_second_at_every_level():
    rng = np.random.default_rng(0)
    pool = [Sentence.of_words(str(i), ["w"] * 25, ["B-A", "I-A", *["O"] * 23]) for i in range(5000)]
    words = Words.of(pool)
    known = rng.random(len(words)) < 0.2
    scores = Scores(rng.random(len(words)), rng.random(len(pool)))
    for level in LEVELS:
        began = time.perf_counter()
        buy(level, words, known, scores, 1250, "words", rng)
        assert time.perf_counter() - began < 0.8
