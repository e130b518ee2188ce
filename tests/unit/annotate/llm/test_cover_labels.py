from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allabel.annotate.base import Demonstration
from allabel.annotate.llm.cover_labels import cover, rare_labels
from allabel.document import DocId, Span


@pytest.mark.parametrize(
    ("ranked", "k", "chosen"),
    [
        (["A", "A", "B"], 2, [0, 2]),
        (["A", "B", "AB", "CD"], 2, [2, 3]),
        (["A", "B", "AB", "CD"], 3, [0, 1, 3]),
        (["", "", "A"], 2, [0, 2]),
        (["", "", ""], 2, [0, 1]),
        (["A", "B", "C", "D"], 2, [0, 1]),
        (["A"], 3, [0]),
        ([], 3, []),
        (["A", "B"], 0, []),
    ],
)
def test_the_best_ranked_that_leave_no_label_out(ranked: list[str], k: int, chosen: list[int]) -> None:
    assert cover([frozenset(labels) for labels in ranked], k) == chosen


@given(st.lists(st.frozensets(st.sampled_from("ABC")), max_size=8), st.integers(0, 5))
def test_of_three_labels_as_many_are_covered_as_can_be(ranked: list[frozenset[str]], k: int) -> None:
    chosen = cover(ranked, k)
    assert chosen == sorted(set(chosen))
    assert len(chosen) == min(k, len(ranked))
    most = max(len(frozenset().union(*some)) for some in combinations(ranked, len(chosen)))
    assert len(frozenset().union(*(ranked[i] for i in chosen))) == most


def of_words(labels: str) -> Demonstration:
    """A text of one word a label; "." is a word without one."""
    spans = [Span(2 * i, 2 * i + 1, label) for i, label in enumerate(labels) if label != "."]
    return Demonstration(DocId(labels), "x " * len(labels), tuple(spans))


@pytest.mark.parametrize(
    ("labels", "rare"),
    [
        (["AAAA....", "AB......"], "B"),
        (["AAAAAAAABBBBC..."], "C"),
        (["AAAAAAAABC......"], "BC"),
        (["AABBCC.........."], ""),
        (["A.......", "AA"], ""),
        (["....", ""], ""),
        ([], ""),
    ],
)
def test_rare_are_the_labels_of_fewer_words_than_the_mean_label(labels: list[str], rare: str) -> None:
    assert rare_labels([of_words(each) for each in labels]) == set(rare)


def test_a_label_on_white_space_alone_has_a_rareness_too() -> None:
    assert rare_labels([Demonstration(DocId("blank"), "  ", (Span(0, 1, "A"),))]) == frozenset()
