"""What others wrote is refused before it costs more than reading it."""

from pathlib import Path

import pytest

from allabel import sound
from allabel.errors import InputError
from allabel.formats import json_list
from allabel.formats.json_list import read_items


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


def test_a_list_of_objects_is_refused_for_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "tasks.json"
    path.write_text('[{"data": ' + "[" * 400, encoding="utf-8")
    monkeypatch.setattr(json_list, "DECODER", None)
    with pytest.raises(InputError, match=r"tasks\.json.*nested deeper than 100"):
        list(read_items(path, "task"))
