"""`allabel status --calls`: what language models were asked, and what it took."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from allabel.store import Call, Store


@pytest.fixture
def folder(tmp_path: Path, allabel: Callable[..., Any]) -> Path:
    allabel("init", tmp_path / "project", "--labels", "Chemical")
    return tmp_path / "project"


def test_a_project_that_asked_no_model_says_so(folder: Path, allabel: Callable[..., Any]) -> None:
    ended = allabel("-p", folder, "status", "--calls")
    assert (ended.status, "no language model was asked yet" in ended.out) == (0, True)
    assert json.loads(allabel("-p", folder, "status", "--calls", "--json").out)["calls"]["texts"] == 0
    assert "calls" not in json.loads(allabel("-p", folder, "status", "--json").out)


def test_the_journal_is_told_in_words_and_as_data_with_money_by_the_prices(
    folder: Path, allabel: Callable[..., Any]
) -> None:
    (folder / "allabel.toml").write_text('[prices."org/m"]\nprompt = 2.0\noutput = 10.0\n')
    at = datetime(2026, 1, 2, tzinfo=UTC)
    with Store.open(folder / "project.db") as store:
        store.add_calls([Call(at, None, "0" * 64, "org/m", "chat", "ok", 2, 1000, 100, 0.25)] * 1500)
        store.add_calls([Call(at, None, "0" * 64, "other", "chat", "failed", 4, 0, 0, 3.0)])
    calls = json.loads(allabel("-p", folder, "status", "--calls", "--json").out)["calls"]
    assert calls == {
        "texts": 1501,
        "requests": 3004,
        "statuses": {"failed": 1, "ok": 1500},
        "prompt_tokens": 1_500_000,
        "output_tokens": 150_000,
        "latency_p50_s": 0.25,
        "latency_p95_s": 0.25,
        "money": pytest.approx(4.5),
        "models": {
            "org/m": {"texts": 1500, "prompt_tokens": 1_500_000, "output_tokens": 150_000},
            "other": {"texts": 1, "prompt_tokens": 0, "output_tokens": 0},
        },
        "without_price": ["other"],
    }
    told = allabel("-p", folder, "status", "--calls").out
    assert "1,501: 1 failed, 1,500 ok" in told
    assert "money      4.5, without other" in told
    assert "median 0.25 s" in told
