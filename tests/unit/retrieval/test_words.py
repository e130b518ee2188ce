"""Words: chemical names whole, offsets into the text as it came."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from retrieval.tokenize import terms, words

NAMES = [
    "1,2-dichloroethane",
    "Fe2O3",
    "n-BuLi",
    "Zn(NO3)2·6H2O",
    "(NH4)2SO4",
    "[Cu3(BTC)2]n",
    "N,N-dimethylformamide",
    "2,2'-bipyridine",
    "LiNi0.8Co0.1Mn0.1O2",
    "5-HT2A",
    "μ-opioid",
    "(±)-ibuprofen",
]


def in_text(text: str) -> list[str]:
    return [text[start:end] for start, end in words(text)]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "frame", ["{}", "{}.", "{},", "({})", "[{}]", '"{}"', "({}),", "“{}”;", "({}.)", "see {}: dry"]
)
def test_a_chemical_name_stays_whole_inside_brackets_and_before_punctuation(name: str, frame: str) -> None:
    assert name in in_text(frame.format(name))


@pytest.mark.parametrize("frame", ["{} was dried", "({}) was dried", "with {}."])
def test_a_bracketed_complex_loses_its_brackets_at_most(frame: str) -> None:
    assert "Cu3(BTC)2" in in_text(frame.format("[Cu3(BTC)2]"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DMF/water", ["DMF", "water"]),
        ("NaCl,KCl,water", ["NaCl", "KCl", "water"]),
        ("1,2-diol", ["1,2-diol"]),
        ("3/4", ["3/4"]),
        ("heated—then cooled", ["heated", "then", "cooled"]),
        ("a|b;c", ["a", "b", "c"]),
        ("- = ± %", []),
        ("(see (a))", ["see", "a"]),
        ("poly(ethylene glycol)", ["poly(ethylene", "glycol"]),
        ("", []),
        (" \t\n\u00a0", []),
        ("NaCl\u00a0in\u2003water\r\nthen", ["NaCl", "in", "water", "then"]),
    ],
)
def test_a_text_falls_into_these_words(text: str, expected: list[str]) -> None:
    assert in_text(text) == expected


def test_an_offset_after_a_letter_that_grows_in_lower_case_still_hits() -> None:
    text = "İİİ (NaCl)"
    assert in_text(text) == ["İİİ", "NaCl"]
    assert terms(text) == ["İİİ".lower(), "nacl"]


chemical = st.text(st.sampled_from("aZ1(2)[]{},.;:'\"-·/|—… \u00a0\n"), max_size=30)


@given(st.one_of(st.text(max_size=40), chemical))
@example("a\x1cb")
@example("(a)(b)")
@example("a;")
def test_words_are_ordered_stretches_without_white_space_and_terms_are_those_in_lower_case(text: str) -> None:
    found = words(text)
    assert all(0 <= start < end <= len(text) for start, end in found)
    assert all(left[1] <= right[0] for left, right in pairwise(found))
    assert not any(c.isspace() for start, end in found for c in text[start:end])
    assert terms(text) == [text[start:end].lower() for start, end in found]
