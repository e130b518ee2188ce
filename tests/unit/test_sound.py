"""What others wrote is refused before it costs more than reading it."""

import pytest

from allabel import sound


@pytest.mark.parametrize("before", ["", '{"a": "b", "c": ', '["\\"", ', '"' + '\\"' * 100_000 + '", '], ids=len)
def test_lists_that_begin_in_a_row_are_refused_before_they_are_made(
    before: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sound, "DECODER", None)
    with pytest.raises(ValueError, match="nested deeper than 100"):
        sound.json_of(before + ("[" * 400 + "]" * 400 + ", ") * 10)


@pytest.mark.parametrize("text", ["[" * 500, '\\"' + "[" * 500, "[" * 500 + "\\\\"])
def test_brackets_in_a_string_are_text(text: str) -> None:
    found = sound.json_of(f'{{"text": "{text}", "n": 1}}')
    assert found["text"].count("[") == 500
