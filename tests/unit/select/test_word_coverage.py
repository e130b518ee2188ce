"""Word coverage against brute force, and what the doubts of the annotator change."""

import math
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from allabel.document import DocId, Document
from allabel.errors import AllabelError
from allabel.reply import Reply, Status
from allabel.select.base import Choice, Pool, Tools
from allabel.select.uncertain_word_coverage import UncertainWordCoverage
from allabel.select.word_coverage import WordCoverage
from retrieval.bm25 import Bm25
from retrieval.tokenize import terms


def nobody(texts: Sequence[str]) -> list[Reply]:
    raise AssertionError("this stage needs no annotator")


def pool_of(texts: Sequence[str], labelled: Sequence[int] = ()) -> Pool:
    return Pool(tuple(DocId(str(i)) for i in range(len(texts))), tuple(texts), frozenset(labelled))


def choose(pool: Pool, n: int) -> list[Choice]:
    return WordCoverage(Tools(Bm25, nobody)).select(pool, n, np.random.default_rng(0))


@pytest.fixture(scope="module")
def texts(bc5cdr: Callable[[str, int], list[Document]]) -> list[str]:
    return [document.text for document in bc5cdr("train", 200)]


def greedily(texts: Sequence[str], labelled: Sequence[int], n: int, doubt: Sequence[float]) -> list[int]:
    words = [set(terms(text)) for text in texts]
    held = Counter(word for found in words for word in found)
    mass = {word: sum(doubt[i] for i, found in enumerate(words) if word in found) for word in held}
    seen = Counter(word for i in labelled for word in words[i])
    chosen: list[int] = []
    for _ in range(n):

        def gain(i: int) -> float:
            steps = (
                math.sqrt(mass[w]) * (math.sqrt(seen[w] + 1) - math.sqrt(seen[w])) for w in words[i] if held[w] > 1
            )
            return sum(steps) / len(texts[i].split())

        rest = [i for i in range(len(texts)) if i not in chosen and i not in labelled]
        chosen.append(max(rest, key=gain))
        seen.update(words[chosen[-1]])
    return chosen


@pytest.mark.parametrize("labelled", [[], [3, 50, 51]])
def test_the_greedy_choice_of_brute_force(texts: list[str], labelled: list[int]) -> None:
    found = [choice.position for choice in choose(pool_of(texts, labelled), 25)]
    assert found == greedily(texts, labelled, 25, [1.0] * len(texts))


def test_words_of_what_the_annotator_doubts_count_more(texts: list[str]) -> None:
    def unsure(asked: Sequence[str]) -> list[Reply]:
        return [Reply(Status.OK, (), math.exp(2.0 if "induced" in text else 0.5)) for text in asked]

    stage = UncertainWordCoverage(Tools(Bm25, nobody, on_board=unsure))
    labelled = [0, 7]
    choices = stage.select(pool_of(texts, labelled), 25, np.random.default_rng(0))
    doubt = [0.0 if i in labelled else 2.0 if "induced" in text else 0.5 for i, text in enumerate(texts)]
    assert [choice.position for choice in choices] == greedily(texts, labelled, 25, doubt)
    assert "unsure" in choices[0].reason


def test_an_annotator_that_cannot_tell_how_sure_it_is_is_an_error(texts: list[str]) -> None:
    def silent(asked: Sequence[str]) -> list[Reply]:
        return [Reply(Status.OK) for _ in asked]

    with pytest.raises(AllabelError, match="without a perplexity"):
        UncertainWordCoverage(Tools(Bm25, nobody, on_board=silent)).select(pool_of(texts), 3, np.random.default_rng(0))


def test_a_text_of_words_that_nobody_else_uses_comes_last() -> None:
    texts = ["xenon krypton argon", "NaCl in water", "NaCl in DMF", "NaCl in hot water"]
    assert [choice.position for choice in choose(pool_of(texts), 4)][-1] == 0


def test_the_reason_names_telling_words_with_their_numbers() -> None:
    texts = [f"the sample {i} was dried" for i in range(60)] + ["the toluene was dried", "the toluene was distilled"]
    reasons = {choice.position: choice.reason for choice in choose(pool_of(texts), 5)}
    toluene = [reason for position, reason in reasons.items() if position >= 60]
    assert any("toluene (in 2 texts)" in reason for reason in toluene)
    assert not any("the (in" in reason for reason in reasons.values())


def test_numbers_and_short_words_are_not_named() -> None:
    texts = ["12.5 of at 1,4-dioxane", "12.5 of at 1,4-dioxane", *(f"rat{i}" for i in range(60))]
    reason = choose(pool_of(texts), 1)[0].reason
    assert reason == "first to hold 4 words that other texts hold too, 1,4-dioxane (in 2 texts); 4 tokens"


def test_the_reason_is_true_where_nothing_is_new() -> None:
    texts = ["gold", "gold", "gold", "xenon krypton"]
    reasons = {choice.position: choice.reason for choice in choose(pool_of(texts), 4)}
    assert reasons[0] == "first to hold 1 word that other texts hold too; 1 token"
    assert (
        reasons[1] == "chosen texts hold all words that it shares with others, some of them only a few times; 1 token"
    )
    assert reasons[3] == "it shares no word with another text of the pool; 2 tokens"

    def unsure(asked: Sequence[str]) -> list[Reply]:
        return [Reply(Status.OK, (), 2.0) for _ in asked]

    stage = UncertainWordCoverage(Tools(Bm25, nobody, on_board=unsure))
    doubted = {c.position: c.reason for c in stage.select(pool_of(texts), 4, np.random.default_rng(0))}
    assert doubted[0] == "first to hold 1 word of texts that the annotator is unsure of; 1 token"
    assert doubted[1].startswith("chosen texts hold all words that it shares with those the annotator is unsure of")
    assert doubted[3] == "it shares no word with a text that the annotator is unsure of; 2 tokens"
