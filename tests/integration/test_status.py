"""`allabel status` and `allabel explain`: how far, when to stop, why this text."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from allabel.document import Document
from allabel.formats.registry import write_documents


@pytest.fixture
def folder(tmp_path: Path, bc5cdr: Callable[[str, int], list[Document]], allabel: Callable[..., Any]) -> Path:
    """A project of 150 sentences with gold, 8 of them queued."""
    file, folder = tmp_path / "corpus.jsonl", tmp_path / "project"
    write_documents(bc5cdr("train", 150), file)
    allabel("init", folder, "--labels", "Chemical,Disease")
    allabel("-p", folder, "import", file)
    assert allabel("-p", folder, "select", "--budget", "8", "--strategy", "core_set").status == 0
    return folder


def test_plain_status_counts_and_says_how_to_learn_when_to_stop(folder: Path, allabel: Callable[..., Any]) -> None:
    plain = allabel("-p", folder, "status")
    assert plain.status == 0
    assert "queued     8" in plain.out
    assert "allabel status --stop" in plain.err
    assert "stopping" not in json.loads(allabel("-p", folder, "status", "--json").out)


def test_with_too_few_annotations_it_cannot_tell_and_says_why(folder: Path, allabel: Callable[..., Any]) -> None:
    told = allabel("-p", folder, "status", "--stop")
    assert told.status == 0
    assert told.out.count("cannot tell  ") == 4
    assert "0 texts are annotated, and below 20" in told.out


def test_stop_signals_come_as_words_and_as_data(folder: Path, allabel: Callable[..., Any]) -> None:
    allabel("-p", folder, "annotate", "--from-gold")
    allabel("-p", folder, "select", "--budget", "16", "--strategy", "uniform")
    allabel("-p", folder, "annotate", "--from-gold")
    told = allabel("-p", folder, "status", "--stop", "--json")
    stopping = json.loads(told.out)["stopping"]
    signals = {s["signal"]: s for s in stopping["signals"]}
    assert list(signals) == ["predictions", "coverage", "demonstrations", "learning curve"]
    assert {s["verdict"] for s in signals.values()} <= {"go on", "may stop", "cannot tell"}
    # The second selection is the last round.
    assert "the last 16 annotations" in signals["demonstrations"]["sentence"]
    assert 0 < signals["demonstrations"]["values"]["changed_share"] <= 1
    assert signals["predictions"]["values"]["kappa"] < 0.99
    assert "of 4 signals say" in stopping["overall"]
    assert "cross-validation" in told.err
    assert stopping["overall"] in allabel("-p", folder, "status", "--stop").out


def test_explain_tells_the_stored_reason_and_what_the_text_does_now(folder: Path, allabel: Callable[..., Any]) -> None:
    picks = [json.loads(line) for line in allabel("-p", folder, "explain", "--all", "--json").out.splitlines()]
    assert [p["rank"] for p in picks] == list(range(1, 9))
    assert {p["state"] for p in picks} == {"queued"}
    assert sum(p["n_served"] for p in picks) == 150 - 8
    first = picks[0]
    assert first["reason"].startswith("least like the pool as a whole")
    assert first["tokens"] == len(first["text"].split())
    plain = allabel("-p", folder, "explain", first["id"])
    assert plain.status == 0
    assert f"why: {first['reason']}" in plain.out
    assert f"now: {first['sentence']}" in plain.out
    two = allabel("-p", folder, "explain", picks[3]["id"], picks[1]["id"], "--json").out.splitlines()
    assert [json.loads(line) for line in two] == [picks[3], picks[1]]


def test_a_text_annotated_without_being_chosen_is_explained_too(
    folder: Path, tmp_path: Path, allabel: Callable[..., Any]
) -> None:
    file = tmp_path / "own.jsonl"
    file.write_text('{"id": "own", "text": "NaCl in water", "entities": []}\n', encoding="utf-8")
    assert allabel("-p", folder, "import", file, "--as", "annotations").status == 0
    (row,) = (json.loads(line) for line in allabel("-p", folder, "explain", "own", "--json").out.splitlines())
    assert (row["state"], row["stage"], row["reason"]) == ("annotated", None, None)
    assert "annotated without being chosen" in allabel("-p", folder, "explain", "own").out


def test_what_would_steer_the_terminal_is_written_out(tmp_path: Path, allabel: Callable[..., Any]) -> None:
    file, folder = tmp_path / "nasty.jsonl", tmp_path / "p"
    text = "NaCl\x1b[2J\a \u202ewater\r\nÅ 😀"
    file.write_text(json.dumps({"id": "a\x1b]0;x", "text": text}) + "\n", encoding="utf-8")
    allabel("init", folder, "--labels", "Chemical")
    allabel("-p", folder, "import", file)
    allabel("-p", folder, "select", "--budget", "1", "--strategy", "uniform")
    plain = allabel("-p", folder, "explain", "--all").out
    assert "a\\x1b]0;x  (queued" in plain
    assert "NaCl\\x1b[2J\\x07 \\u202ewater\\r\\nÅ 😀" in plain
    assert not set("\x1b\a\r\u202e") & set(plain)
    (row,) = (json.loads(line) for line in allabel("-p", folder, "explain", "--all", "--json").out.splitlines())
    assert row["text"] == text


def test_what_cannot_be_explained_is_wrong_use_and_names_what_is_near(
    folder: Path, allabel: Callable[..., Any]
) -> None:
    rows = [json.loads(line) for line in allabel("-p", folder, "explain", "--all", "--json").out.splitlines()]
    chosen = {row["id"] for row in rows}
    unknown = allabel("-p", folder, "explain", rows[0]["id"] + "x")
    assert (unknown.status, unknown.out) == (2, "")
    assert f"did you mean {rows[0]['id']!r}" in unknown.err
    other = next(f"train-{i}" for i in range(1, 20) if f"train-{i}" not in chosen)
    never = allabel("-p", folder, "explain", other)
    assert never.status == 2
    assert f"{other!r} was never chosen" in never.err
    assert "ids spelt alike: " in never.err
    assert any(id in never.err for id in chosen)
    assert allabel("-p", folder, "explain").status == 2
    assert allabel("-p", folder, "explain", rows[0]["id"], "--all").status == 2


def test_with_nothing_chosen_explain_says_how_to_choose(tmp_path: Path, allabel: Callable[..., Any]) -> None:
    allabel("init", tmp_path / "empty", "--labels", "Chemical")
    ended = allabel("-p", tmp_path / "empty", "explain", "--all")
    assert ended.status == 2
    assert "allabel select" in ended.err
