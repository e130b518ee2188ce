"""`allabel calibrate`: from tagged texts that are judged by now to scores that are probabilities, and back."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import faulty_server
import pytest
from faulty_server import FaultyServer, completion

from allabel.document import DocId, Span
from allabel.project import Project
from allabel.reply import Grounding, Proposal, Reply, Status, TaggedDocument
from allabel.store.store import Store

Run = Callable[..., Any]
RAW = '{"Chemical":["NaCl"]}'
NACL = Span(0, 4, "Chemical")


def number(text: str) -> int:
    return int(re.findall(r"\d+", text)[0])


def is_right(i: int) -> bool:
    """Of even texts, where the model is sure, six tenths are right; of odd ones two tenths."""
    return i // 2 % 10 < (6 if i % 2 == 0 else 2)


def project(folder: Path, allabel: Run, n: int) -> Path:
    rows = [{"id": f"t{i}", "text": f"NaCl was weighed , sample {i} of batch {i * 7} ."} for i in range(n)]
    gold = [
        {**row, "entities": [{"start": 0, "end": 4, "label": "Chemical"}] if is_right(i) else []}
        for i, row in enumerate(rows)
    ]
    for name, lines in (("texts", rows), ("gold", gold)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    allabel("init", folder / "project", "--labels", "Chemical")
    assert allabel("-p", folder / "project", "import", folder / "texts.jsonl").status == 0
    return folder / "project"


def tag_in_store(folder: Path, n: int, model: str = "m", score: float | None = 0.9) -> None:
    """Keep a reply with one mention for each of the first n texts, as a model's."""
    with Store.open(folder / "project.db") as store:
        reply = Reply(Status.OK, (Proposal("Chemical", "NaCl", NACL, Grounding.EXACT, score),), raw=RAW, form="grouped")
        store.add_tagged([TaggedDocument(d.id, d.text, reply, "chat", model) for d in store.documents()[:n]])


def scores(out: str) -> list[float]:
    return [json.loads(line)["entities"][0]["score"] for line in out.splitlines()]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyServer]:
    def answer(text: str) -> tuple[int, Any, dict[str, str]]:
        return 200, completion(RAW, logprob=-0.02 if number(text) % 2 == 0 else -0.4), {}

    monkeypatch.setattr(faulty_server, "content_for", lambda text: RAW)
    monkeypatch.setitem(faulty_server.RESPONSES, "", answer)
    with FaultyServer() as scripted:
        yield scripted


@pytest.mark.enable_socket
def test_scores_of_a_model_become_probabilities_and_go_back_without_asking_anew(
    tmp_path: Path, allabel: Run, server: FaultyServer
) -> None:
    folder = project(tmp_path, allabel, 80)
    tag = ("-p", folder, "tag", "--rest", "--json", "--backend", "chat", "--base-url", server.url, "--model", "m")
    before = allabel(*tag)
    assert before.status == 0, before.err
    assert {round(score, 2) for score in scores(before.out)} == {0.98, 0.67}
    assert "calibrated" not in before.err
    assert allabel("-p", folder, "import", tmp_path / "gold.jsonl", "--as", "gold").status == 0

    told = allabel("-p", folder, "calibrate")
    assert told.status == 0, told.err
    assert "chat m grouped: 80 scored mentions of 80 texts, 40% right" in told.out
    assert "in use from now on" in told.out
    after = allabel(*tag)
    assert len(server.requests) == 80
    found = scores(after.out)
    assert found[:2] == [pytest.approx(0.6), pytest.approx(0.2)]
    assert len({round(score, 6) for score in found}) == 2
    assert "the scores of 80 of 80 texts are calibrated (chat m grouped: isotonic from 80 mentions" in after.err
    with Project.open(folder) as opened:
        assert {round(t.reply.proposals[0].score or 0, 2) for t in opened.store.tagged().values()} == {0.98, 0.67}
        assert [t.reply.proposals[0].score for t in opened.tagged().values()] == found
    exported = allabel("-p", folder, "export", "--what", "tagged", tmp_path / "tagged.jsonl")
    assert "the scores of 80 of 80 texts are calibrated" in exported.err
    assert scores((tmp_path / "tagged.jsonl").read_text(encoding="utf-8")) == found
    refused = allabel("-p", folder, "export", "--what", "tagged", folder / "calibration.json")
    assert (refused.status, "would be overwritten" in refused.err) == (2, True)
    (row,) = json.loads(allabel("-p", folder, "status", "--json").out)["calibrations"]
    assert (row["backend"], row["model"], row["form"]) == ("chat", "m", "grouped")
    assert (row["method"], row["n"]) == ("isotonic", 80)
    assert "calibrated chat m grouped: isotonic from 80 mentions" in allabel("-p", folder, "status").out

    assert allabel("-p", folder, "calibrate", "--remove").status == 0
    assert allabel(*tag).out == before.out
    assert "calibrated" not in allabel("-p", folder, "status").out


def test_a_calibration_learned_anew_starts_from_the_models_own_scores(tmp_path: Path, allabel: Run) -> None:
    folder = project(tmp_path, allabel, 80)
    tag_in_store(folder, 80)
    allabel("-p", folder, "import", tmp_path / "gold.jsonl", "--as", "gold")
    first = allabel("-p", folder, "calibrate", "--json")
    assert allabel("-p", folder, "calibrate", "--json").out == first.out
    (row,) = json.loads(first.out)["calibrations"]
    assert (row["scored"], row["right"], row["in_use"], row["problem"]) == (80, 32, True, "")
    assert row["learned"]["before"]["ece"] == pytest.approx(0.5)
    assert row["learned"]["after"]["ece"] < 0.2
    forced = json.loads(allabel("-p", folder, "calibrate", "--method", "temperature", "--json").out)
    assert forced["calibrations"][0]["learned"]["method"] == "temperature"


def test_annotations_of_tagged_texts_are_learned_from_as_gold_is(tmp_path: Path, allabel: Run) -> None:
    folder = project(tmp_path, allabel, 60)
    tag_in_store(folder, 60)
    assert allabel("-p", folder, "import", tmp_path / "gold.jsonl", "--as", "annotations").status == 0
    ended = allabel("-p", folder, "calibrate")
    assert ended.status == 0, ended.err
    # The texts are as like one another as texts can be without being near-duplicates.
    assert "60 scored mentions of 60 texts" in ended.out


def test_with_fewer_than_fifty_scored_mentions_nothing_is_learned_and_that_is_said(
    tmp_path: Path, allabel: Run
) -> None:
    folder = project(tmp_path, allabel, 49)
    tag_in_store(folder, 49)
    allabel("-p", folder, "import", tmp_path / "gold.jsonl", "--as", "gold")
    ended = allabel("-p", folder, "calibrate")
    assert ended.status == 2
    assert "49 scored mentions of 49 texts" in ended.out
    assert "fewer than 50 scored mentions: too few to learn from" in ended.out
    assert "annotate more of the tagged texts" in ended.err
    assert not (folder / "calibration.json").exists()


def test_a_server_without_log_probabilities_leaves_nothing_to_calibrate(tmp_path: Path, allabel: Run) -> None:
    folder = project(tmp_path, allabel, 60)
    tag_in_store(folder, 60, score=None)
    allabel("-p", folder, "import", tmp_path / "gold.jsonl", "--as", "gold")
    ended = allabel("-p", folder, "calibrate")
    assert (ended.status, "the server gives no log-probabilities" in ended.out) == (2, True)


def test_each_model_has_its_own_and_what_was_learned_of_another_stays(tmp_path: Path, allabel: Run) -> None:
    folder = project(tmp_path, allabel, 60)
    allabel("-p", folder, "import", tmp_path / "gold.jsonl", "--as", "gold")
    tag_in_store(folder, 60, "first")
    assert allabel("-p", folder, "calibrate").status == 0
    tag_in_store(folder, 55, "second", 0.7)
    ended = allabel("-p", folder, "calibrate")
    assert ended.status == 0
    assert "chat first grouped: 5 scored mentions of 5 texts" in ended.out
    assert "what was learned before stays in use" in ended.out
    rows = json.loads(allabel("-p", folder, "status", "--json").out)["calibrations"]
    assert [(row["model"], row["n"]) for row in rows] == [("first", 60), ("second", 55)]


def test_what_does_not_make_scores_better_is_not_used_and_takes_the_place_of_what_was(
    tmp_path: Path, allabel: Run
) -> None:
    folder = project(tmp_path, allabel, 80)
    allabel("-p", folder, "import", tmp_path / "gold.jsonl", "--as", "gold")
    tag_in_store(folder, 80)
    assert allabel("-p", folder, "calibrate").status == 0
    # Now the scores are what the gold says they should be: 32 of 80 are right.
    tag_in_store(folder, 80, score=0.4)
    ended = allabel("-p", folder, "calibrate", "--method", "temperature")
    assert (ended.status, "not in use" in ended.out) == (0, True)
    assert json.loads(allabel("-p", folder, "status", "--json").out)["calibrations"] == []


def test_without_a_judged_text_the_way_there_is_told(tmp_path: Path, allabel: Run) -> None:
    folder = project(tmp_path, allabel, 3)
    ended = allabel("-p", folder, "calibrate")
    assert (ended.status, ended.out) == (2, "")
    assert "allabel tag --rest" in ended.err
    assert "allabel select" in ended.err
    assert allabel("-p", folder, "calibrate", "--remove").status == 0


def test_a_broken_file_stops_tagging_before_it_begins_and_remove_mends_it(tmp_path: Path, allabel: Run) -> None:
    folder = project(tmp_path, allabel, 3)
    (folder / "calibration.json").write_text("{", encoding="utf-8")
    tag = (
        "-p",
        folder,
        "tag",
        "--rest",
        "--json",
        "--backend",
        "chat",
        "--base-url",
        "http://127.0.0.1:1",
        "--model",
        "m",
    )
    for command in (tag, ("-p", folder, "status"), ("-p", folder, "calibrate")):
        ended = allabel(*command)
        assert ended.status == 2
        assert "calibration.json" in ended.err
        assert "allabel calibrate --remove" in ended.err
    assert allabel("-p", folder, "calibrate", "--remove").status == 0
    assert allabel("-p", folder, "status").status == 0


def test_a_reply_that_failed_is_left_out_and_counted(tmp_path: Path, allabel: Run) -> None:
    folder = project(tmp_path, allabel, 60)
    tag_in_store(folder, 60)
    with Store.open(folder / "project.db") as store:
        bad = Reply(Status.TRUNCATED, error="cut off")
        store.add_tagged([TaggedDocument(DocId("t0"), store.documents()[0].text, bad, "chat", "m")])
    allabel("-p", folder, "import", tmp_path / "gold.jsonl", "--as", "gold")
    ended = allabel("-p", folder, "calibrate")
    assert "left out: 1 text whose reply failed" in ended.err
    assert "59 scored mentions" in ended.out
