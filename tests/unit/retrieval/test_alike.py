from hypothesis import given
from hypothesis import strategies as st

from retrieval.alike import alike, features
from retrieval.duplicates import first_alike

WORDS = st.lists(st.sampled_from(["acid", "water", "NaCl", "in", "the", "DMF,", "2.5"]), max_size=14).map(" ".join)


@given(WORDS, WORDS)
def test_it_is_the_measure_by_which_near_duplicates_are_found(one: str, two: str) -> None:
    joined = first_alike([one, two]).tolist() == [0, 0]
    assert alike(features(one), features(two)) == joined


@given(WORDS, st.data())
def test_a_changed_word_of_many_keeps_texts_alike_as_the_join_says(one: str, data: st.DataObject) -> None:
    words = (one + " " + one[::-1]).split()
    if words:
        words[data.draw(st.integers(0, len(words) - 1))] = "zinc"
    two = " ".join(words)
    assert alike(features(one + " " + one[::-1]), features(two)) == (
        first_alike([one + " " + one[::-1], two]).tolist() == [0, 0]
    )


def test_texts_without_words_are_like_nothing() -> None:
    assert not alike(features("—"), features("—"))
