"""How often a sentence is repeated, against sentences worked by hand."""

from math import ceil, log, log2, sqrt

import pytest

from allabel.active.imbalance.methods import RESAMPLING, balanced, repeats
from allabel.active.imbalance.resampling import entity_words
from allabel.active.sentence import Sentence
from allabel.rareness import rareness

LABELS = ("CHEM", "DIS", "NEVER")
SENTENCES = [
    Sentence.of_words("a", ["He", "took", "sodium", "chloride", "."], ["O", "O", "B-CHEM", "I-CHEM", "O"]),
    Sentence.of_words("b", ["Nothing", "here", "."], ["O", "O", "O"]),
    Sentence.of_words(
        "c", ["Aspirin", "and", "lithium", "ease", "heart", "pain"], ["B-CHEM", "O", "B-CHEM", "O", "B-DIS", "I-DIS"]
    ),
    Sentence.of_words("d", ["Lithium", "?"], ["B-CHEM", None]),
]
# 16 words: 5 of CHEM, 2 of DIS.
R_CHEM, R_DIS = -log(5 / 16), -log(2 / 16)
B_CHEM, B_DIS = -log2(5 / 16), -log2(2 / 16)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sc", [3, 1, 5, 2]),
        ("scr", [1 + ceil(sqrt(2 * R_CHEM)), 1, 1 + ceil(sqrt(2 * R_CHEM + 2 * R_DIS)), 1 + ceil(sqrt(R_CHEM))]),
        (
            "scrd",
            [
                1 + ceil(2 * R_CHEM / sqrt(5)),
                1,
                1 + ceil((2 * R_CHEM + 2 * R_DIS) / sqrt(6)),
                1 + ceil(R_CHEM / sqrt(2)),
            ],
        ),
        (
            "nscrd",
            [
                1 + ceil(sqrt(2) * R_CHEM / sqrt(5)),
                1,
                1 + ceil((sqrt(2) * R_CHEM + sqrt(2) * R_DIS) / sqrt(6)),
                1 + ceil(R_CHEM / sqrt(2)),
            ],
        ),
    ],
)
def test_a_sentence_is_repeated_as_the_paper_has_it(name: str, expected: list[int]) -> None:
    assert repeats(name, SENTENCES, LABELS) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sc", [3, 1, 5, 2]),
        ("scr", [ceil(sqrt(1 + 2 * B_CHEM)), 1, ceil(sqrt(1 + 2 * B_CHEM + 2 * B_DIS)), ceil(sqrt(1 + B_CHEM))]),
        (
            "scrd",
            [
                ceil((1 + 2 * B_CHEM) / sqrt(5)),
                1,
                ceil((1 + 2 * B_CHEM + 2 * B_DIS) / sqrt(6)),
                ceil((1 + B_CHEM) / sqrt(2)),
            ],
        ),
        (
            "nscrd",
            [
                ceil((1 + sqrt(2) * B_CHEM) / sqrt(5)),
                1,
                ceil((1 + sqrt(2) * B_CHEM + sqrt(2) * B_DIS) / sqrt(6)),
                ceil((1 + B_CHEM) / sqrt(2)),
            ],
        ),
    ],
)
def test_the_public_codes_variant_is_a_flag(name: str, expected: list[int]) -> None:
    assert repeats(name, SENTENCES, LABELS, public_code=True) == expected


def test_rareness_is_the_natural_logarithm_of_a_types_share_and_no_words_have_none() -> None:
    counts = entity_words(SENTENCES, LABELS)
    assert counts.tolist() == [[2, 0, 0], [0, 0, 0], [2, 2, 0], [1, 0, 0]]
    assert rareness(counts.sum(axis=0), 16) == pytest.approx([R_CHEM, R_DIS, 0.0])
    assert rareness([20, 16], 16) == pytest.approx([0, 0])


@pytest.mark.parametrize("name", sorted(RESAMPLING))
def test_originals_stay_as_they_are_and_in_order_and_copies_follow_them(name: str) -> None:
    found = balanced(name, SENTENCES, LABELS, seed=0)
    assert list(dict.fromkeys(sentence.id for sentence in found)) == ["a", "b", "c", "d"]
    for sentence in SENTENCES:
        same = [one for one in found if one.id == sentence.id]
        assert all(one is sentence for one in same)
        assert len(same) == repeats(name, [*SENTENCES], LABELS)[SENTENCES.index(sentence)]


@pytest.mark.parametrize("name", sorted(RESAMPLING))
def test_a_corpus_without_entities_or_words_stays_what_it_is(name: str) -> None:
    none = [Sentence.of_words("x", ["a", "b"], ["O", "O"]), Sentence.of_words("y", [], [])]
    assert balanced(name, none, LABELS, seed=0) == none
    assert balanced(name, [], LABELS, seed=0) == []
