"""`allabel eval score --record`: scores become rows that curves are drawn from."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from allabel.runs import STRICT_MICRO, Point, curves, read

GOLD = [
    {"id": "a", "text": "NaCl in water", "entities": [{"start": 0, "end": 4, "label": "Chemical"}]},
    {"id": "b", "text": "ZnO", "entities": [{"start": 0, "end": 3, "label": "Oxide"}]},
]
VALUES = [{"id": "a", "text": "NaCl in water", "values": {"Chemical": ["NaCl"]}}]


@pytest.fixture
def score(tmp_path: Path, allabel: Callable[..., Any]) -> Callable[..., Any]:
    def run(gold: list[dict[str, Any]], *more: object) -> Any:
        files = tmp_path / "gold.jsonl", tmp_path / "pred.jsonl"
        for file, lines in zip(files, (gold, GOLD[:1]), strict=True):
            file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        return allabel("eval", "score", *files, *more)

    return run


def named(path: Path, *more: object) -> tuple[object, ...]:
    return ("--record", path, "--run", "may", "--method", "allabel 10 %", "--n-texts", 12, *more)


def test_recorded_scores_are_read_back_as_curves(tmp_path: Path, score: Callable[..., Any]):
    path = tmp_path / "runs.jsonl"
    for seed in (1, 2):
        ended = score(GOLD, *named(path, "--seed", seed, "--data", "oxides", "--n-tokens", 99))
        assert ended.status == 0
        assert "strict micro" in ended.out
    rows = read([path])
    assert {r.metric: round(r.value, 4) for r in rows} == {
        "strict_micro_f1": 0.6667,
        "strict_macro_f1": 0.5,
        "value_f1": 0.6667,
        "strict_f1:Chemical": 1.0,
        "strict_f1:Oxide": 0.0,
    }
    assert {(r.run, r.data, r.n_texts, r.n_tokens) for r in rows} == {("may", "oxides", 12, 99)}
    assert curves(rows, STRICT_MICRO) == {"allabel 10 %": [Point(12, 2 / 3, 2 / 3, 2 / 3, 2)]}


def test_gold_without_offsets_gives_value_f1_alone(tmp_path: Path, score: Callable[..., Any]):
    path = tmp_path / "runs.jsonl"
    assert score(VALUES, *named(path)).status == 0
    assert [(r.metric, r.value) for r in read([path])] == [("value_f1", 1.0)]


def test_a_record_without_its_names_is_refused_before_anything_is_scored(tmp_path: Path, score: Callable[..., Any]):
    ended = score(GOLD, "--record", tmp_path / "runs.jsonl", "--run", "may")
    assert ended.status == 2
    assert "--record needs --run, --method and --n-texts" in ended.err
    assert not (tmp_path / "runs.jsonl").exists()
    assert "go with --record" in score(GOLD, "--run", "may").err
