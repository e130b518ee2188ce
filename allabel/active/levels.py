"""What is bought in one round: whole sentences, entities or single words, the lowest scores first.

One rule for the budget at every level: units are bought in order while less than the budget is spent, so that the last
one may go over it. Source of the levels: METHODS.md section 2; of the rule: Shen et al. 2017 ("until 20,000 words").
"""

from typing import Literal

import numpy as np

from allabel.active.base import IntArray
from allabel.active.flat import BoolArray, Words
from allabel.active.queries import Scores
from allabel.active.scores import in_order
from allabel.errors import BudgetError, InputError

Level = Literal["sentence", "entity", "token"]
LEVELS: tuple[Level, ...] = ("sentence", "entity", "token")
Unit = Literal["words", "sentences"]


def buy(
    level: Level, words: Words, known: BoolArray, scores: Scores, budget: int, unit: Unit, rng: np.random.Generator
) -> IntArray:
    """Return the places of the words to annotate next, ascending, each unknown before.

    known: (n_words,). scores: of all sentences and words of the pool. budget: in words, each word revealed counts; or,
    at the sentence level, in sentences. rng: breaks ties between equal scores.

    sentence: sentences in order of their scores, all unknown words of each. entity: words in order of theirs; one that
    lies in a gold entity brings the unknown words of all of it. token: that word alone.
    Raises BudgetError for a budget in sentences at another level, InputError where words are not scored.
    """
    if level == "sentence":
        open_ = np.flatnonzero(words.count(~known))
        chosen = in_order(scores.sentences[open_], rng)
        prices = np.ones(len(open_), np.int64) if unit == "sentences" else words.count(~known)[open_]
        taken = np.zeros(len(words.lengths), dtype=bool)
        taken[open_[chosen[: _n_bought(prices[chosen], budget)]]] = True
        return np.flatnonzero(taken[words.sentence] & ~known)
    check_level(level, scores_words=scores.words is not None)
    check_unit(level, unit)
    assert scores.words is not None  # as check_level says
    open_ = np.flatnonzero(~known)
    order = open_[in_order(scores.words[open_], rng)]
    if level == "token":
        return np.sort(order[:budget])
    # A unit is an entity, or a word outside all, numbered after the entities.
    unit_of = np.where(words.entity >= 0, words.entity, words.n_entities + np.arange(len(words)))
    units, first = np.unique(unit_of[order], return_index=True)
    units = units[np.argsort(first)]
    prices = np.bincount(unit_of[open_], minlength=words.n_entities + len(words))[units]
    bought = units[: _n_bought(prices, budget)]
    return open_[np.isin(unit_of[open_], bought)]


def check_level(level: Level, *, scores_words: bool, query: str = "this query") -> None:
    """Raise InputError for a level that is not known, or one of words where only whole sentences are scored."""
    if level not in LEVELS:
        raise InputError(f"there is no level {level!r}", remedy=f"known are {', '.join(LEVELS)}")
    if level != "sentence" and not scores_words:
        raise InputError(
            f"{query} scores whole sentences, so it cannot choose at the {level} level",
            remedy="choose the level sentence, or a query of words such as breaking_ties",
        )


def check_unit(level: Level, unit: str, budget: str = "a budget in sentences") -> None:
    """Raise BudgetError for a budget in sentences where words are bought."""
    if unit == "sentences" and level != "sentence":
        raise BudgetError(
            f"{budget} buys whole sentences, and the level is {level}",
            remedy='give words or a share of them, as "500words" or "1%", or the level sentence',
        )


def _n_bought(prices: IntArray, budget: int) -> int:
    """Return how many units are bought in this order: as long as less than the budget is spent before one."""
    return int(np.searchsorted(np.cumsum(prices) - prices, budget, side="left"))
