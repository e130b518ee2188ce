"""Data sets that the package `datasets` made and saved to a folder; nothing is asked of the hub."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from allabel.document import Span
from allabel.errors import InputError, MissingExtraError
from eval.datasets import open_data

WORDS = [["Aspirin", "helps"], ["No", "drug"], ["Aspirin", "helps"]]
NUMBERS = [[1, 0], [0, 0], [1, 0]]


@pytest.fixture
def datasets() -> Any:
    return pytest.importorskip("datasets")


def save(datasets: Any, folder: Path, columns: dict[str, Any], tags: Any = None, split: str = "train") -> str:
    features = None
    if tags is not None:
        words = datasets.List(datasets.Value("string"))
        features = datasets.Features({"tokens": words, "ner_tags": datasets.List(tags)})
    made = datasets.Dataset.from_dict(columns, features=features)
    datasets.DatasetDict({split: made, "test": made.select([1])}).save_to_disk(str(folder))
    return f"hf:{folder}"


def test_words_and_numbered_tags_become_documents(datasets: Any, tmp_path: Path) -> None:
    tags = datasets.ClassLabel(names=["O", "B-Drug"])
    told: list[str] = []
    source = save(datasets, tmp_path / "set", {"tokens": WORDS, "ner_tags": NUMBERS}, tags)
    opened = open_data(source, tell=told.append)
    assert [(d.id, d.text, d.entities) for d in opened.pool] == [
        ("set-train-1", "Aspirin helps", (Span(0, 7, "Drug"),)),
        ("set-train-2", "No drug", ()),
    ]
    assert opened.test == ()
    assert opened.labels == ("Drug",)
    assert (opened.name, opened.public) == (source, False)
    assert len(told) == 2


def test_tags_may_stand_as_strings_in_another_column(datasets: Any, tmp_path: Path) -> None:
    source = save(datasets, tmp_path / "set", {"tokens": WORDS[:2], "gold": [["S-Drug", "O"], ["O", "O"]]})
    assert open_data(f"{source}#gold").pool[0].entities == (Span(0, 7, "Drug"),)
    with pytest.raises(InputError, match=r"has no column 'ner_tags' among tokens, gold"):
        open_data(source)


def test_a_set_without_splits_is_a_pool(datasets: Any, tmp_path: Path) -> None:
    tags = [["B-Drug", "O"]]
    datasets.Dataset.from_dict({"tokens": WORDS[:1], "ner_tags": tags}).save_to_disk(str(tmp_path / "one"))
    opened = open_data(f"hf:{tmp_path}/one")
    assert (len(opened.pool), opened.test) == (1, ())


def test_what_cannot_be_read_says_why(datasets: Any, tmp_path: Path) -> None:
    numbered = save(datasets, tmp_path / "numbers", {"tokens": WORDS, "ner_tags": NUMBERS}, datasets.Value("int64"))
    with pytest.raises(InputError, match="holds numbers that have no name"):
        open_data(numbered)
    other = save(datasets, tmp_path / "other", {"tokens": WORDS, "ner_tags": NUMBERS}, split="dev")
    with pytest.raises(InputError, match="has the splits dev, test and no 'train'"):
        open_data(other)
    with pytest.raises(InputError, match="holds no saved data set"):
        open_data(f"hf:{tmp_path}/gone")
    with pytest.raises(InputError, match="'a/b/c/d' names no data set of the hub"):
        open_data("hf:a/b/c/d")


def test_minus_one_is_not_the_last_class(datasets: Any, tmp_path: Path) -> None:
    tags = datasets.ClassLabel(names=["O", "B-Drug"])
    source = save(datasets, tmp_path / "set", {"tokens": WORDS[:2], "ner_tags": [[1, -1], [0, 0]]}, tags)
    with pytest.raises(InputError, match="holds numbers that have no name"):
        open_data(source)


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"'hf:org/name' needs datasets(.|\n)*pip install 'allabel\[eval\]'"):
        open_data("hf:org/name")


@pytest.mark.skipif(importlib.util.find_spec("datasets") is None, reason="datasets is not installed")
@pytest.mark.filterwarnings("ignore:A test tried to use socket")
def test_a_hub_that_cannot_be_reached_is_told_in_one_message() -> None:
    with pytest.raises(InputError, match=r"'org/none/config' cannot be had from the hub: (.|\n)*hf:/a/folder"):
        open_data("hf:org/none/config")
