"""Rows of words and characters, and vectors from a file."""

from pathlib import Path

import numpy as np
import pytest

from allabel.active.taggers.vocabulary import (
    BEGIN,
    END,
    MAX_CHARACTERS,
    PAD,
    UNKNOWN,
    Vocabulary,
    spelled,
    word_vectors,
)
from allabel.errors import InputError


def test_rows_given_once_stay_when_more_names_come() -> None:
    vocabulary = Vocabulary(["a", "b", "a"])
    before = vocabulary.rows(["a", "b"])
    assert vocabulary.add(["c", "b", "d"]) == ["c", "d"]
    assert vocabulary.rows(["a", "b"]) == before == [4, 5]
    assert vocabulary.rows(["d", "c"]) == [7, 6]
    assert len(vocabulary) == 8
    assert list(vocabulary) == ["a", "b", "c", "d"]


def test_a_name_never_added_has_the_row_of_unknown() -> None:
    assert Vocabulary(["a"]).rows(["z", "a", "[UNK]"]) == [UNKNOWN, 4, UNKNOWN]


def test_words_are_spelled_between_their_bounds_and_padded() -> None:
    characters = Vocabulary("abc")
    assert spelled(["ab", "", "z"], characters).tolist() == [
        [BEGIN, 4, 5, END],
        [BEGIN, END, PAD, PAD],
        [BEGIN, UNKNOWN, END, PAD],
    ]
    assert spelled([], characters).shape == (0, 2)


def test_of_a_word_that_is_too_long_the_middle_is_left_out() -> None:
    (row,) = spelled(["a" * 30 + "b" * 5 + "c" * 30], Vocabulary("abc"))
    half = MAX_CHARACTERS // 2
    assert row.tolist() == [BEGIN, *[4] * half, *[6] * half, END]


def test_vectors_of_wanted_words_are_read_from_word2vec_and_glove(tmp_path: Path) -> None:
    lines = "the 1 2 3\nof 0.5 -1e-3 0\nNew York 4 5 6\nthe 9 9 9\n"
    (tmp_path / "glove.txt").write_text(lines)
    (tmp_path / "word2vec.txt").write_text("4 3\n" + lines.replace("\n", " \n"))
    for name in ("glove.txt", "word2vec.txt"):
        found = word_vectors(tmp_path / name, ["the", "New York", "absent"], 3)
        assert sorted(found) == ["New York", "the"]
        np.testing.assert_allclose(found["the"], [1, 2, 3])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("the 1 2 3\nof 1 2\n", "line 2: holds a word and 2 numbers where 3 are needed"),
        ("the 1 2 3\nof 1 x 2\n", "line 2: after the word 'of' stand not 3 finite numbers"),
        ("of 1 nan 2\n", "line 1: after the word 'of' stand not 3 finite numbers"),
        ("4 50\nof 1 2 3\n", "line 1: holds a word and 50 numbers where 3 are needed"),
        ("the 1 2 3\n\n", "line 2: holds a word and"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "vectors.txt"
    path.write_text(text)
    with pytest.raises(InputError, match=says):
        word_vectors(path, ["of", "the"], 3)


def test_a_file_of_vectors_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="absent"):
        word_vectors(tmp_path / "absent.txt", ["of"], 3)
