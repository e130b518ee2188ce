"""Near-duplicates: the join equals a comparison of all pairs."""

import random
from collections.abc import Sequence
from itertools import combinations, pairwise

import numpy as np
import pytest

from allabel.select.duplicates import find_duplicates
from retrieval.base import RetrievalError
from retrieval.duplicates import first_alike
from retrieval.tokenize import terms


def features(text: str) -> set[object]:
    found = terms(text)
    return {*found, *pairwise(found)}


def brute(texts: Sequence[str], threshold: float) -> list[int]:
    first = list(range(len(texts)))
    sets = [features(text) for text in texts]
    for i, j in combinations(range(len(texts)), 2):
        union = len(sets[i] | sets[j])
        if union and len(sets[i] & sets[j]) / union >= threshold - 1e-9:
            a, b = sorted((first[i], first[j]))
            first = [a if x == b else x for x in first]
    return first


def edited(rng: random.Random, n: int, n_words: int) -> list[str]:
    vocabulary = [f"w{i}" for i in range(n_words)]
    texts = [" ".join(rng.choices(vocabulary, k=rng.randint(1, 30))) for _ in range(n // 3)]
    while len(texts) < n:
        found = rng.choice(texts).split() or ["w0"]
        for _ in range(rng.randint(0, 4)):
            at = rng.randrange(len(found))
            found[at : at + 1] = rng.choice([[], [rng.choice(vocabulary)], [found[at], rng.choice(vocabulary)]])
            found = found or ["w0"]
        texts.append(" ".join(found))
    rng.shuffle(texts)
    return texts


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.8, 0.95, 1.0])
@pytest.mark.parametrize("n_words", [3, 20, 2000])
def test_the_groups_are_those_of_all_pairs(threshold: float, n_words: int) -> None:
    texts = [*edited(random.Random(n_words), 300, n_words), "", "...", ""]
    expected = brute(texts, threshold)
    assert first_alike(texts, threshold).tolist() == expected
    assert len(set(expected)) < len(texts) or threshold == 1


def test_a_small_block_gives_the_same_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = edited(random.Random(5), 300, 100)
    whole = first_alike(texts, 0.6)
    monkeypatch.setattr("retrieval.duplicates._PAIRS", 50)
    assert first_alike(texts, 0.6).tolist() == whole.tolist()


def test_copies_are_alike_whatever_their_case_and_punctuation_and_word_order_counts() -> None:
    texts = ["NaCl in water .", "nacl in water", "water in NaCl", "...", "...", "", "lead", "Lead!"]
    assert first_alike(texts).tolist() == [0, 0, 2, 3, 4, 5, 6, 6]


def test_a_long_sentence_may_differ_in_a_word_and_a_short_one_may_not() -> None:
    long = "the mixture was stirred at room temperature for 12 h and then filtered through a pad of celite"
    assert first_alike([long, long.replace("12", "24")]).tolist() == [0, 0]
    short = "stirred at room temperature for 12 h"
    assert first_alike([short, short.replace("12", "24")]).tolist() == [0, 1]


def test_nothing_and_a_wrong_threshold() -> None:
    assert first_alike([]).tolist() == []
    assert first_alike(["", "-"]).tolist() == [0, 1]
    with pytest.raises(RetrievalError, match=r"threshold 0 .*outside"):
        first_alike(["a"], 0)


def test_the_members_of_a_large_family_are_joined() -> None:
    common = " ".join(f"word{i}" for i in range(30))
    texts = [f"{common} number{i}" for i in range(2000)]
    assert not np.any(first_alike(texts))


def test_one_of_each_group_stays_and_none_of_a_group_that_is_labelled() -> None:
    texts = ["a b", "c d", "a b", "e f", "c d", "A B"]
    found = find_duplicates(texts)
    assert found.groups == ((0, 2, 5), (1, 4))
    assert found.spare == {2, 5, 4}
    assert find_duplicates(texts, {5}).spare == {0, 2, 4}
    assert find_duplicates(texts, {0, 1, 4}).spare == {2, 5}
