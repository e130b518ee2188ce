"""`--json` of every command: data alone on standard output, with the keys that the help names."""

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from commands_in_order import in_order
from commands_walked import walked

Run = Callable[..., Any]
COMMANDS = dict(walked())
POOL = Path(__file__).parents[2] / "eval/demo/data/pool.jsonl"
LABELS = "Reagent,Solvent,Product"
BACKUP = {"at", "allabel", "rows"}
PERSON = {"name", "role", "active", "at"}
KEY = {"id", "name", "scopes", "at", "revoked"}


STEPS = (
    ("init", "p", "--labels", LABELS),
    ("-p", "p", "import", "gold.jsonl"),
    ("-p", "p", "select", "--budget", "10", "--strategy", "uniform"),
    ("-p", "p", "annotate", "--from-gold"),
    ("-p", "p", "select", "--budget", "3", "--strategy", "uniform", "--seed", "1"),
    ("-p", "p", "tag", "--rest", "-o", "tagged.jsonl"),
    ("-p", "p", "finetune", "--tagger", "crf"),
    ("-p", "p", "serve", "keys", "add", "lab"),
    ("-p", "p", "people", "add", "ada", "--no-password"),
    ("-p", "p", "backup", "p.zip"),
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project `p` with gold and annotations of three labels, beside it the files it was made of."""
    folder = tmp_path_factory.mktemp("json")
    rows = [json.loads(line) for line in POOL.read_text(encoding="utf-8").splitlines()[:40]]
    for n, row in enumerate(rows, start=1):
        row["id"] = f"texts-{n}"
        row["entities"] = [one for one in row["entities"] if one["label"] in LABELS.split(",")]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "gold.jsonl").write_text(lines, encoding="utf-8")
    (folder / "texts.txt").write_text("".join(row["text"] + "\n" for row in rows[:4]), encoding="utf-8")
    in_order(STEPS, folder, _plain())
    return folder


def _plain() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("ALLABEL_", "OPENAI_"))}


@pytest.fixture
def here(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that folder, to work in."""
    shutil.copytree(made, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def keys_told(arguments: list[str]) -> set[str]:
    """Return the words in the help of a command's --json."""
    words = [word for word in arguments if word not in {"-p", "p"}]
    path = next(p for n in (3, 2, 1) if (p := " ".join(["allabel", *words[:n]])) in COMMANDS)
    (option,) = [one for one in COMMANDS[path].params if "--json" in one.opts]
    assert isinstance(option, click.Option)
    return set(re.findall(r"\w+", option.help or ""))


@pytest.mark.parametrize(
    ("arguments", "keys"),
    [
        ("init q --labels Salt", {"folder", "labels"}),
        ("-p p import texts.txt", {"files"}),
        ("-p p annotate --from-gold", {"annotated"}),
        ("-p p export out.jsonl", {"file", "what", "written"}),
        ("-p p export out.jsonl --what tagged", {"file", "what", "written"}),
        ("convert gold.jsonl out.conll", {"source", "target", "written"}),
        ("-p p map -o map.html", {"file", "texts", "drawn", "annotated", "queued", "covered", "uncovered"}),
        ("-p p backup again.zip", {"file", "bytes", "left_out"} | BACKUP),
        ("restore p.zip r", {"file", "folder", "notes"} | BACKUP),
        ("restore p.zip --check", {"file", "folder", "notes"} | BACKUP),
        ("-p p calibrate --remove", {"removed"}),
        ("-p p ungrounded", {"rates", "mentions"}),
        ("-p p people add bo --no-password", PERSON),
        ("-p p people role ada admin", PERSON),
        ("-p p people off ada", PERSON),
        ("-p p people on ada", PERSON),
        ("-p p serve keys add other", {"token"} | KEY),
        ("-p p serve keys revoke lab", {"name", "revoked"}),
        ("-p p select --plan --budget 10%", {"stages", "total", "cost", "tagging", "near_duplicates"}),
        (
            "-p p finetune --tagger crf",
            {"model", "tagger", "folder", "trained", "texts", "words", "entities", "seconds", "held_out_f1", "asked"},
        ),
        (
            "-p p status",
            {"documents", "gold", "annotated", "queued", "tagged", "not_ok", "stale", "labels", "stale_labels"}
            | {"backend", "tuned", "questions", "selections", "calibrations"},
        ),
    ],
)
def test_one_object_with_the_keys_that_the_help_names(arguments: str, keys: set[str], here: Path, allabel: Run) -> None:
    ended = allabel(*arguments.split(), "--json")
    assert ended.status == 0, ended.err
    assert ended.out.count("\n") == 1
    assert set(json.loads(ended.out)) == keys
    # The states of a map's texts stand for themselves, and a plan's other parts are said to be there.
    unnamed = {"annotated", "queued", "covered", "uncovered", "cost", "tagging", "near_duplicates"}
    assert keys - unnamed <= keys_told(arguments.split())


@pytest.mark.parametrize(
    ("arguments", "keys"),
    [
        ("-p p people list", PERSON),
        ("-p p serve keys list", KEY),
        ("doctor", {"ok", "what", "says"}),
        ("eval run --list", {"name", "about"}),
        ("eval data", {"name", "n_pool", "n_test", "labels", "licence", "citation", "here", "can_be_fetched"}),
    ],
)
def test_a_list_of_objects_with_the_keys_that_the_help_names(
    arguments: str, keys: set[str], here: Path, allabel: Run
) -> None:
    ended = allabel(*arguments.split(), "--json")
    assert ended.status == 0, ended.err
    rows = json.loads(ended.out)
    assert rows
    assert all(set(row) == keys for row in rows)
    assert keys <= keys_told(arguments.split())


@pytest.mark.parametrize(
    ("arguments", "keys"),
    [
        ("-p p select --budget 2 --strategy uniform --more", {"id", "stage", "rank", "score", "reason"}),
        ("-p p select --list", {"name", "about"}),
        ("-p p explain --all", {"id", "state", "stage", "rank", "score", "reason", "tokens", "text", "sentence"}),
        ("-p p tag texts.txt", {"id", "text", "entities", "ungrounded", "status", "backend", "model"}),
    ],
)
def test_an_object_a_line_with_the_keys_that_the_help_names(
    arguments: str, keys: set[str], here: Path, allabel: Run
) -> None:
    ended = allabel(*arguments.split(), "--json")
    assert ended.status == 0, ended.err
    rows = [json.loads(line) for line in ended.out.splitlines()]
    assert rows
    assert all(keys <= set(row) for row in rows)
    assert keys <= keys_told(arguments.split())


def test_what_an_import_counted_is_told_file_by_file(here: Path, allabel: Run) -> None:
    (here / "more.txt").write_text("NaCl in DMF\n", encoding="utf-8")
    ended = allabel("-p", "p", "import", "more.txt", "gold.jsonl", "--json")
    assert json.loads(ended.out) == {
        "files": [
            {"file": "more.txt", "role": "texts", "read": 1, "new": 1, "answers": 0},
            {"file": "gold.jsonl", "role": "gold", "read": 40, "new": 0, "answers": 40},
        ]
    }


def test_a_score_and_an_experiment_are_data_too(here: Path, allabel: Run) -> None:
    scored = allabel("eval", "score", "gold.jsonl", "tagged.jsonl", "--only-tagged", "--json")
    assert scored.status == 0, scored.err
    found = json.loads(scored.out)
    assert {"strict", "partial", "type", "exact", "value", "missing", "n_failed", "ungrounded_rate"} <= set(found)
    trial = "eval active gold.jsonl --tagger crf --start-share 0.2 --schedule 20% --rounds 1 --json"
    rounds = [json.loads(line) for line in allabel(*trial.split()).out.splitlines()]
    assert [one["number"] for one in rounds] == [0, 1]
    assert keys_told(["eval", "active"]) >= {"number", "n_words", "share", "scores"}


def test_nothing_is_printed_beside_a_complaint(here: Path, allabel: Run) -> None:
    for arguments in ("-p p import gold.jsonl --as nonsense", "-p p explain nobody", "-p p people off nobody"):
        ended = allabel(*arguments.split(), "--json")
        assert (ended.status, ended.out) == (2, "")
        assert ended.err.startswith("error: ")
