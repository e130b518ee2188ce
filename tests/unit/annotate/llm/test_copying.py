from hypothesis import given
from hypothesis import strategies as st

from allabel.annotate.ground import occurrences
from allabel.annotate.llm.forms.copying import MOST, MOST_CHARACTERS, UNCOUNTED, copies

SENTENCE = "Cocaine-induced seizures (n=3) were treated with n-BuLi, Li+ and (R)-BINAP in DMF/water."


def test_every_string_stands_in_the_text_once_in_the_list() -> None:
    found = copies(SENTENCE)
    assert all(string in SENTENCE for string in found)
    assert len(set(found)) == len(found)


def test_names_and_their_parts_can_be_said_without_the_punctuation_around_them() -> None:
    found = copies(SENTENCE)
    for name in ("Cocaine", "seizures", "n-BuLi", "Li+", "(R)-BINAP", "DMF", "water", "Cocaine-induced seizures"):
        assert name in found
    for other in ("n-BuLi,", "water.", "(n=3", ""):
        assert other not in found


def test_several_words_may_end_before_a_hyphenated_word() -> None:
    assert "lung cancer" in copies("a lung cancer-related death")


def test_several_words_can_be_said_without_the_brackets_and_ratios_around_them() -> None:
    found = copies("dried (magnesium sulfate), then hexane:ethyl acetate=2:1 and (CH3)2 CO (pure)")
    for name in ("magnesium sulfate", "(magnesium sulfate)", "ethyl acetate", "hexane", "(CH3)2 CO"):
        assert name in found


def test_a_long_text_offers_shorter_runs_and_never_more_than_the_most() -> None:
    text = " ".join(f"word{i}" for i in range(300))
    found = copies(text)
    assert {string.count(" ") for string in found} == {0, 1, 2}
    assert len(found) <= MOST


def test_longer_runs_end_where_the_characters_would_be_more_than_servers_take() -> None:
    found = copies(" ".join(f"{'x' * 8}{i}" for i in range(100)))
    assert len(found) > UNCOUNTED
    assert sum(map(len, found)) <= MOST_CHARACTERS


def test_a_text_of_too_many_words_offers_nothing() -> None:
    assert copies(" ".join(map(str, range(MOST + 1)))) == ()


def test_next_to_nothing_is_offered_that_could_not_be_grounded() -> None:
    text = (
        "The 4-nitro-2'-deoxyuridine (Intermediate 6) was dried (MgSO4), 155°-160° C., n-type CrxBO3 and Fe1-xInxBO3; "
        "a solution of nitrobenzene (9.15 g, 2 mmol) in hexane:ethyl acetate=2:1 ( NS ) gave Fe(CO)5."
    )
    found = copies(text)
    assert {"Intermediate 6", "nitrobenzene", "ethyl acetate", "Fe(CO)5", "n-type", "MgSO4", "NS"} <= set(found)
    assert [string for string in found if not occurrences(text, string)] == []
    assert all(string == string.strip() for string in found)


@given(st.text(max_size=200))
def test_any_text_is_taken(text: str) -> None:
    assert all(string and string in text for string in copies(text))
