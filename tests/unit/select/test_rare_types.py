"""Spending the budget where rare types are suggested: against brute force, and with the annotator on board."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from allabel.annotate.base import Demonstration
from allabel.annotate.embedded import EmbeddedAnnotator
from allabel.document import DocId, Document, Span
from allabel.errors import AllabelError
from allabel.plugins import names
from allabel.reply import Grounding, Proposal, Reply, Status
from allabel.select.base import Choice, Pool, Tools
from allabel.select.listing import strategies
from allabel.select.rare_types import RareTypes
from allabel.select.word_coverage import WordCoverage
from retrieval.bm25 import Bm25

METALS = ("Pt", "Pd", "Au", "Ru", "Ni", "Co")
SOLVENTS = ("toluene", "DMF", "THF", "hexane", "acetone", "dry DCM")
WORKUPS = ("was stirred for two hours at room temperature", "was heated under reflux", "gave a colourless solid in air")


def nobody(texts: Sequence[str]) -> list[Reply]:
    raise AssertionError("the annotator in use is not asked")


def reading(marked: Callable[[str], list[tuple[str, str]]]) -> Callable[[Sequence[str]], list[Reply]]:
    """Suggest, in each text, these (label, mention)."""

    def proposal(text: str, label: str, mention: str) -> Proposal:
        start = text.index(mention)
        return Proposal(label, mention, Span(start, start + len(mention), label), Grounding.EXACT)

    return lambda texts: [Reply(Status.OK, tuple(proposal(text, *one) for one in marked(text))) for text in texts]


def of_capitals(text: str) -> list[tuple[str, str]]:
    """A word of `A…` is of type A, and so on; each word of a text once."""
    return [(word[0], word) for word in text.split() if word[0].isupper()]


def pool_of(texts: Sequence[str], labelled: Sequence[int] = (), spare: Sequence[int] = ()) -> Pool:
    return Pool(tuple(DocId(str(i)) for i in range(len(texts))), tuple(texts), frozenset(labelled), frozenset(spare))


def choose(pool: Pool, n: int, marked: Callable[[str], list[tuple[str, str]]] = of_capitals) -> list[Choice]:
    return RareTypes(Tools(Bm25, nobody, on_board=reading(marked))).select(pool, n, np.random.default_rng(0))


def positions(choices: Sequence[Choice]) -> list[int]:
    return [choice.position for choice in choices]


@pytest.fixture(scope="module")
def lines() -> list[str]:
    rng = np.random.default_rng(3)
    kinds = rng.choice(list("ABCxyz"), size=(60, 9), p=[0.2, 0.04, 0.01, 0.25, 0.25, 0.25])
    lengths = rng.integers(2, 10, size=60)
    return [" ".join(f"{kind}{j}" for j, kind in enumerate(row[:n])) for row, n in zip(kinds, lengths, strict=True)]


def greedily(texts: Sequence[str], labelled: Sequence[int], n: int) -> list[int]:
    words = sum(len(text.split()) for text in texts)
    counts = [{t: sum(word[0] == t for word in text.split()) for t in "ABC"} for text in texts]
    rare = {t: -math.log(sum(count[t] for count in counts) / words) for t in "ABC"}
    chosen: list[int] = []
    while len(chosen) < n:
        held = {t: sum(counts[i][t] for i in [*labelled, *chosen]) for t in "ABC"}

        def gain(i: int, held: dict[str, int] = held) -> float:
            steps = (rare[t] * (math.sqrt(held[t] + counts[i][t]) - math.sqrt(held[t])) for t in "ABC")
            return sum(steps) / len(texts[i].split())

        chosen.append(max((i for i in range(len(texts)) if i not in {*labelled, *chosen}), key=gain))
    return chosen


@pytest.mark.parametrize("labelled", [[], [3, 30, 31]])
def test_the_greedy_choice_of_brute_force(lines: list[str], labelled: list[int]) -> None:
    assert positions(choose(pool_of(lines, labelled), 25)) == greedily(lines, labelled, 25)


def test_a_rare_type_comes_before_a_frequent_one() -> None:
    texts = ["A1 x y z", "A2 x y z", "A3 x y z", "B4 x y z", "x y z w"]
    first = choose(pool_of(texts), 1)[0]
    assert first.position == 3
    assert first.reason == "suggested in it: 1 word of B (5 % of all words; 0 of them in chosen texts); 4 tokens"
    assert first.score == pytest.approx(math.log(20) / 4)


def test_a_type_that_annotated_texts_hold_already_counts_less() -> None:
    texts = ["B1 B2 B3 B4 x y", "B5 x y z", "C1 x y z", "C2 C3 C4 C5 x y"]
    assert positions(choose(pool_of(texts, labelled=[0]), 1)) == [3]
    assert positions(choose(pool_of(texts, labelled=[3]), 1)) == [0]
    assert "4 of them in chosen texts" in choose(pool_of(texts, labelled=[0, 3]), 1)[0].reason


def test_of_two_texts_with_the_same_entities_the_shorter_comes_first() -> None:
    assert positions(choose(pool_of(["B1 x y z w v u", "B1 x", "x y z w"]), 2)) == [1, 0]


def test_near_duplicates_that_are_never_chosen_make_no_type_frequent() -> None:
    texts = ["B1 x y z", "A1 x y z", "A2 x y z", *["B1 x y z"] * 5]
    assert positions(choose(pool_of(texts, spare=range(3, 8)), 1)) == [0]
    assert positions(choose(pool_of(texts), 1)) == [1]


def test_where_nothing_is_suggested_any_more_the_rest_comes_by_word_coverage_and_says_so() -> None:
    texts = ["argon", "B1 in water", "salt in water", "salt in hot water", "xenon in argon"]
    choices = choose(pool_of(texts), 5)
    assert choices[0].position == 1
    left = WordCoverage(Tools(Bm25, nobody)).select(pool_of(texts, labelled=[1]), 4, np.random.default_rng(0))
    assert positions(choices[1:]) == positions(left)
    told = "the annotator on board suggests nothing of a rare type in what is left; by word coverage: "
    assert [choice.reason for choice in choices[1:]] == [told + choice.reason for choice in left]
    assert [choice.score for choice in choices[1:]] == [0.0] * 4


def test_a_reason_names_three_types_and_counts_the_others() -> None:
    texts = ["A1 A2 B1 C1 D1 E1", "A3 x", "x y z w"]
    reason = choose(pool_of(texts), 2)[0].reason
    assert reason.count("word of") + reason.count("words of") == 3
    assert ", and 2 other types; 6 tokens" in reason


def test_a_text_that_could_not_be_tagged_is_an_error_and_no_text_without_entities() -> None:
    def failing(texts: Sequence[str]) -> list[Reply]:
        return [Reply(Status.OK), *(Reply(Status.FAILED, error="no answer") for _ in texts[1:])]

    stage = RareTypes(Tools(Bm25, nobody, on_board=failing))
    with pytest.raises(AllabelError, match=r"2 of 3 texts could not be tagged.*failed, no answer"):
        stage.select(pool_of(["x", "y", "z"]), 1, np.random.default_rng(0))


def sentences() -> list[Document]:
    """120 sentences of a laboratory: a solvent in every second one, a metal in every twelfth."""
    rng, found = np.random.default_rng(5), []
    for i in range(120):
        solvent, metal = SOLVENTS[rng.integers(6)], METALS[rng.integers(6)]
        about = f"in {solvent}" if i % 2 else "of the crude product"
        by = f", with {metal} on carbon" if i % 12 == 5 else ""
        text = f"Mixture {i} {about} {WORKUPS[rng.integers(3)]}{by} ."
        marked = [("Solvent", solvent)] * (i % 2) + [("Metal", metal)] * (i % 12 == 5)
        spans = (Span(at, at + len(name), label) for label, name in marked for at in [text.index(f" {name}") + 1])
        found.append(Document(DocId(str(i)), text, tuple(sorted(spans))))
    return found


@pytest.fixture(scope="module")
def laboratory() -> list[Document]:
    return sentences()


def on_board(gold: Sequence[Document], labelled: Sequence[int]) -> Tools:
    shown = [Demonstration(gold[i].id, gold[i].text, gold[i].entities or ()) for i in labelled]
    annotator = EmbeddedAnnotator()
    return Tools(Bm25, nobody, on_board=lambda texts: annotator.annotate(texts, shown))


def test_the_annotator_on_board_leads_to_the_sentences_with_the_rare_type(laboratory: list[Document]) -> None:
    labelled = list(range(40))
    stage = RareTypes(on_board(laboratory, labelled))
    pool = pool_of([d.text for d in laboratory], labelled)
    choices = stage.select(pool, 20, np.random.default_rng(0))
    rare = [any(s.label == "Metal" for s in laboratory[i].entities or ()) for i in positions(choices)]
    # Of 80 sentences 7 have a metal: 20 drawn ones had fewer than 2.
    assert sum(rare) >= 6
    assert "of Metal" in choices[0].reason
    assert choices[0].reason.index("Metal") < choices[0].reason.index("Solvent")


def test_the_annotator_on_board_gives_the_same_picks_and_a_prefix(laboratory: list[Document]) -> None:
    labelled = list(range(0, 120, 3))
    pool = pool_of([d.text for d in laboratory], labelled)
    whole = RareTypes(on_board(laboratory, labelled)).select(pool, 60, np.random.default_rng(0))
    assert RareTypes(on_board(laboratory, labelled)).select(pool, 60, np.random.default_rng(0)) == whole
    for n in (1, 7, 30, 59):
        assert RareTypes(on_board(laboratory, labelled)).select(pool, n, np.random.default_rng(0)) == whole[:n]


def test_it_is_listed_and_says_that_it_needs_annotations() -> None:
    assert "rare_types" in names("strategies")
    (listed,) = (one for one in strategies() if one.name == "rare_types")
    assert listed.needs_annotations
    assert "rare types" in listed.about
