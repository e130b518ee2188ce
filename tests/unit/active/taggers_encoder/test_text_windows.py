"""Long texts in windows: every word whole, owned once, and read where most text stands around it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from allabel.active.taggers.windows import cuts

SIZES = st.lists(st.integers(1, 6), max_size=80)


@given(SIZES, st.integers(8, 40))
def test_every_word_is_owned_once_in_order_and_lies_whole_in_its_window(sizes, limit):
    found = cuts(np.array(sizes, dtype=np.int64), limit, limit // 4)
    owned = [word for cut in found for word in range(cut.own_start, cut.own_end)]
    assert owned == list(range(len(sizes)))
    for cut in found:
        assert cut.start <= cut.own_start <= cut.own_end <= cut.end
        assert sum(sizes[cut.start : cut.end]) <= limit


def test_a_text_that_fits_is_one_window():
    assert len(cuts(np.array([3, 3, 2]), 8, 2)) == 1


def test_a_text_without_words_has_no_window():
    assert cuts(np.array([], dtype=np.int64), 8, 2) == []


@given(SIZES, st.integers(8, 40))
def test_a_word_is_read_from_a_window_with_as_much_around_it_as_any_other_gives(sizes, limit):
    ends = np.cumsum(sizes)
    begins = ends - np.array(sizes, dtype=np.int64)

    def around(cut, word):
        before = np.inf if cut.start == 0 else begins[word] - begins[cut.start]
        after = np.inf if cut.end == len(sizes) else ends[cut.end - 1] - ends[word]
        return min(before, after)

    found = cuts(np.array(sizes, dtype=np.int64), limit, limit // 4)
    for cut in found:
        for word in range(cut.own_start, cut.own_end):
            others = [around(other, word) for other in found if other.start <= word < other.end]
            # The border falls between words, so a word astride the middle may lose as much as itself.
            assert around(cut, word) >= max(others) - max(sizes)


def test_long_texts_take_few_windows():
    assert len(cuts(np.ones(1000, dtype=np.int64), 100, 25)) == 13
