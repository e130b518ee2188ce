"""IOBES inside, IOB2 outside: against every way to complete what is known, and back."""

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allabel.active.taggers.iobes import Iobes
from allabel.annotate.pieces import runs

LABELS = ("a", "b")
SCHEME = Iobes(LABELS)
TAGS = st.lists(st.sampled_from(SCHEME.iob2), max_size=7)


def iobes(tags: Sequence[str]) -> list[str]:
    """IOB2 to IOBES by way of the entities."""
    found = ["O"] * len(tags)
    for first, end, label in runs(tags):
        names = ["S"] if end - first == 1 else ["B", *"I" * (end - first - 2), "E"]
        found[first:end] = [f"{name}-{label}" for name in names]
    return found


def names(allowed: np.ndarray) -> list[set[str]]:
    return [{SCHEME.tags[k] for k in np.flatnonzero(row)} for row in allowed]


def positions(tags: Sequence[str]) -> np.ndarray:
    return np.array([SCHEME.tags.index(tag) for tag in tags], dtype=np.int64)


def read(tags: Sequence[str]) -> list[str]:
    return [SCHEME.iob2[k] for k in SCHEME.read(positions(tags))]


@given(TAGS)
def test_where_all_is_known_one_tag_is_allowed_that_of_the_entity(tags: list[str]) -> None:
    (allowed,) = SCHEME.allowed([tags], len(tags))
    assert names(allowed) == [{tag} for tag in iobes(tags)]


@given(TAGS)
def test_iobes_reads_back_as_the_same_entities_and_as_well_formed_iob2(tags: list[str]) -> None:
    again = read(iobes(tags))
    assert runs(again) == runs(tags)
    assert all(
        not tag.startswith("I-") or before[2:] == tag[2:] for before, tag in zip(["O", *again], again, strict=False)
    )


@given(TAGS, st.lists(st.booleans(), min_size=7, max_size=7))
def test_where_some_are_unknown_what_the_whole_truth_says_is_always_allowed(
    tags: list[str], hidden: list[bool]
) -> None:
    well_formed = read(iobes(tags))
    known = [None if hide else tag for tag, hide in zip(well_formed, hidden, strict=False)]
    (allowed,) = SCHEME.allowed([known], len(tags))
    for truth, may_be, tag in zip(iobes(well_formed), names(allowed), known, strict=True):
        assert truth in may_be
        assert tag is not None or len(may_be) == len(SCHEME)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (["B-a", None], [{"B-a", "S-a"}, None]),
        ([None, "I-a", None], [None, {"I-a", "E-a"}, None]),
        ([None, "I-a", "O"], [None, {"E-a"}, {"O"}]),
        (["B-a", "I-a", None], [{"B-a"}, {"I-a", "E-a"}, None]),
        (["O", "I-a", None], [{"O"}, {"B-a", "S-a"}, None]),
        (["B-b", "I-a"], [{"S-b"}, {"S-a"}]),
        (["I-a", "I-a"], [{"B-a"}, {"E-a"}]),
        (["B-a", "B-a"], [{"S-a"}, {"S-a"}]),
        ([None], [None]),
    ],
)
def test_a_known_tag_beside_an_unknown_word_may_be_either(
    tags: list[str | None], expected: list[set[str] | None]
) -> None:
    (allowed,) = SCHEME.allowed([tags], len(tags))
    assert names(allowed) == [may_be or set(SCHEME.tags) for may_be in expected]


def test_allowed_of_a_batch_is_that_of_each_sentence_and_padding_may_be_anything() -> None:
    sentences = [["B-a", None], ["O", "B-b", "I-b"], []]
    batch = SCHEME.allowed(sentences, 4)
    for row, tags in zip(batch, sentences, strict=True):
        np.testing.assert_array_equal(row[: len(tags)], SCHEME.allowed([tags], len(tags))[0])
        assert row[len(tags) :].all()


def test_probabilities_of_b_and_s_and_of_i_and_e_are_added() -> None:
    probabilities = np.arange(9.0) / 36
    summed = SCHEME.summed(probabilities)
    at = dict(zip(SCHEME.tags, probabilities, strict=True))
    expected = [at["O"]] + [at[f"{x}-{label}"] + at[f"{y}-{label}"] for label in LABELS for x, y in ("BS", "IE")]
    np.testing.assert_allclose(summed, expected)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (["B-a", "O"], ["B-a", "O"]),
        (["I-a", "E-a"], ["B-a", "I-a"]),
        (["B-a", "E-b"], ["B-a", "B-b"]),
        (["B-a", "E-a", "E-a"], ["B-a", "I-a", "I-a"]),
        (["S-a", "I-a"], ["B-a", "I-a"]),
        (["B-a", "S-a"], ["B-a", "B-a"]),
        (["S-b", "I-a", "E-b"], ["B-b", "B-a", "B-b"]),
    ],
)
def test_what_is_not_well_formed_is_repaired_without_changing_a_label(tags: list[str], expected: list[str]) -> None:
    assert read(tags) == expected


def test_reading_many_passes_at_once_reads_each() -> None:
    every = np.array([positions(tags) for tags in product(SCHEME.tags, repeat=3)])
    together = SCHEME.read(every.reshape(3, -1, 3))
    for row, own in zip(every, together.reshape(-1, 3), strict=True):
        np.testing.assert_array_equal(own, SCHEME.read(row))
