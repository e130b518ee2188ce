"""`allabel ungrounded`: what models named that has no place in its text, by rate and one by one."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from allabel.document import Annotation, DocId, Document, Span
from allabel.reply import Grounding, Proposal, Reply, Status, TaggedDocument
from allabel.store.store import Store

Run = Callable[..., Any]
HERE = Proposal("C", "HCl", Span(0, 3, "C"), Grounding.EXACT)
LOST = Proposal("C", "zinc", None, Grounding.MISSING)
ACROSS = Proposal("D", "HCl gas", None, Grounding.OVERLAPPING)
STEERING = Proposal("D", "heat\x1b[2J\n", None, Grounding.MISSING)


@pytest.fixture
def folder(tmp_path: Path, allabel: Run) -> Path:
    allabel("init", tmp_path / "p", "--labels", "C,D")
    replies = {"1": ("small", [HERE, LOST, ACROSS]), "2": ("large", [HERE]), "3": ("small", [STEERING, LOST])}
    with Store.open(tmp_path / "p" / "project.db") as store:
        store.add_documents([Document(DocId(id), f"HCl gas {id}") for id in replies])
        store.add_tagged(
            [
                TaggedDocument(DocId(id), f"HCl gas {id}", Reply(Status.OK, tuple(found)), "chat", model)
                for id, (model, found) in replies.items()
            ]
        )
    return tmp_path / "p"


def test_rates_come_first_and_then_each_mention_as_the_model_wrote_it(folder: Path, allabel: Run) -> None:
    ended = allabel("-p", folder, "ungrounded")
    lines = [line.split() for line in ended.out.splitlines()]
    assert ended.status == 0
    assert lines[:4] == [
        ["model", "label", "missing", "mentions", "rate", "overlapping"],
        ["large", "C", "0", "1", "0.0%", "0"],
        ["small", "C", "2", "3", "66.7%", "0"],
        ["small", "D", "1", "2", "50.0%", "1"],
    ]
    assert ended.out.splitlines()[4:] == [
        '1  missing  C  "zinc"  (small)',
        '1  overlapping  D  "HCl gas"  (small)',
        '3  missing  D  "heat\\x1b[2J\\n"  (small)',
        '3  missing  C  "zinc"  (small)',
    ]


def test_the_listing_is_limited_and_data_is_not(folder: Path, allabel: Run) -> None:
    ended = allabel("-p", folder, "ungrounded", "--limit", 1)
    assert len(ended.out.splitlines()) == 5
    assert "1 of 4 mentions are shown; --limit 4 or --json shows all" in ended.err
    data = json.loads(allabel("-p", folder, "ungrounded", "--limit", 1, "--json").out)
    assert len(data["mentions"]) == 4
    assert data["mentions"][2] == {
        "id": "3",
        "label": "D",
        "mention": "heat\x1b[2J\n",
        "model": "small",
        "grounding": "missing",
        "annotated": False,
    }
    assert [rate["rate"] for rate in data["rates"]] == [0, pytest.approx(2 / 3), 0.5]


def test_one_label_or_one_model_may_be_asked_for(folder: Path, allabel: Run) -> None:
    data = json.loads(allabel("-p", folder, "ungrounded", "--label", "D", "--model", "small", "--json").out)
    assert [(one["id"], one["label"]) for one in data["mentions"]] == [("1", "D"), ("3", "D")]
    assert [(rate["model"], rate["label"]) for rate in data["rates"]] == [("small", "D")]


def test_a_text_annotated_since_leaves_the_inbox_and_stays_in_the_rate(folder: Path, allabel: Run) -> None:
    with Store.open(folder / "project.db") as store:
        store.add_annotations([Annotation(DocId("1"), (), "a", "test", datetime.now(UTC))])
    out = allabel("-p", folder, "ungrounded").out
    assert "66.7%" in out
    assert [line[0] for line in out.splitlines()[4:]] == ["3", "3"]
    data = json.loads(allabel("-p", folder, "ungrounded", "--json").out)
    assert [one["annotated"] for one in data["mentions"]] == [True, True, False, False]


def test_a_project_that_tagged_nothing_says_so(tmp_path: Path, allabel: Run) -> None:
    allabel("init", tmp_path / "empty", "--labels", "C")
    ended = allabel("-p", tmp_path / "empty", "ungrounded")
    assert (ended.status, ended.out, "no text was tagged yet" in ended.err) == (0, "", True)
    assert json.loads(allabel("-p", tmp_path / "empty", "ungrounded", "--json").out) == {"rates": [], "mentions": []}
