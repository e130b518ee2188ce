"""`allabel eval data`: what it lists, shows and writes."""

import json
from pathlib import Path

import click
import pytest

from eval.commands.data import data as command
from eval.datasets import open_data, open_files
from eval.datasets.catalogue import CORPORA


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("ALLABEL_DATA", raising=False)


def run(*arguments: object) -> None:
    command([str(argument) for argument in arguments], standalone_mode=False)


def csd_mof(root: Path) -> Path:
    (root / "csd_mof").mkdir()
    line = '{"id": "m1", "text": "Zn with Zn", "values": {"metal": ["Zn"]}}\n'
    (root / "csd_mof" / "documents.jsonl").write_text(line, encoding="utf-8")
    return root


def test_the_list_says_of_each_data_set_whether_it_is_here(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("--root", csd_mof(tmp_path), "--json")
    listed = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert set(listed) == set(CORPORA)
    assert listed["csd_mof"]["here"] == str(tmp_path / "csd_mof")
    assert listed["bc5cdr"]["here"] is None
    assert (listed["bc5cdr"]["can_be_fetched"], listed["conll2003"]["can_be_fetched"]) == (True, False)
    run("--root", tmp_path)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["name", "pool", "test", "labels", "here", "licence"]
    assert any(line.startswith("bc5cdr ") and "--fetch" in line and line.endswith("CC BY 4.0") for line in lines)


def test_one_data_set_is_shown_with_its_gold_by_label(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("csd_mof", "--root", csd_mof(tmp_path), "--json")
    shown = json.loads(capsys.readouterr().out)
    assert (shown["n_pool"], shown["n_test"], shown["labels"]) == (1, 0, {"metal": [1, 0]})
    run("csd_mof", "--root", tmp_path)
    assert "metal                       1     0" in capsys.readouterr().out.splitlines()


def test_what_is_written_reads_back_as_the_same_data_set(data: Path, tmp_path: Path) -> None:
    run("materials_synthesis", "--root", data, "-o", tmp_path / "w.jsonl")
    written = open_files([tmp_path / "w.jsonl"], [tmp_path / "w-test.jsonl"], "w")
    assert written.digest == open_data("materials_synthesis", root=data).digest


def test_fetching_and_writing_need_a_name() -> None:
    with pytest.raises(click.UsageError, match="need the NAME of a data set"):
        run("--fetch")
