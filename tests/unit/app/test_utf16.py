"""Code points and UTF-16 units, both ways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allabel.errors import SpanError
from app.components.span_editor.offsets import Utf16

texts = st.text(st.characters() | st.sampled_from("🧪👩\u200d🔬e\u0301\tב𝛼\ud83e\udf00\r\n"))


def utf16(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


# A lone high and a lone low surrogate side by side are one character to a browser; no text file gives such a string.
@given(texts.filter(lambda text: utf16(text).decode("utf-16-le", "surrogatepass") == text), st.data())
def test_the_utf_16_place_of_a_code_point_is_where_the_encoder_puts_it(text: str, data: st.DataObject) -> None:
    places = Utf16.of(text)
    point = data.draw(st.integers(0, len(text)))
    unit = places.units(point)
    assert unit == len(utf16(text[:point])) // 2
    assert places.points(unit) == point


@given(texts)
def test_the_pairs_alone_are_enough_to_count(text: str) -> None:
    places = Utf16.of(text)
    again = Utf16(places.pairs)
    assert [again.units(i) for i in range(len(text) + 1)] == [places.units(i) for i in range(len(text) + 1)]


@pytest.mark.parametrize("unit", [1, 4])
def test_a_place_inside_a_surrogate_pair_is_refused(unit: int) -> None:
    with pytest.raises(SpanError, match="inside a surrogate pair"):
        Utf16.of("🧪a🧪b").points(unit)


def test_pairs_out_of_order_are_refused() -> None:
    with pytest.raises(SpanError, match="ascending"):
        Utf16([4, 3])


def test_combining_marks_and_right_to_left_letters_are_one_unit_each() -> None:
    text = "e\u0301 בנזן\tx"
    assert [Utf16.of(text).units(i) for i in range(len(text))] == list(range(len(text)))
