"""`allabel tag --backend chat` against a server on this machine: kept as it comes, gone on with, never asked twice."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import faulty_server
import pytest
from faulty_server import FaultyServer

from allabel.document import Annotation, DocId, Span
from allabel.store.store import Store

pytestmark = pytest.mark.enable_socket
Run = Callable[..., Any]


def content_for(text: str) -> str:
    found = re.findall(r"\w+Cl\b", text)
    return json.dumps({"Chemical": list(dict.fromkeys(found)), "Disease": []})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyServer]:
    monkeypatch.setattr(faulty_server, "content_for", content_for)
    with FaultyServer() as scripted:
        yield scripted


def project(folder: Path, allabel: Run, n: int) -> Path:
    file = folder / "texts.jsonl"
    lines = [{"id": str(i), "text": f"NaCl was weighed, step {i} ."} for i in range(n)]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    allabel("init", folder / "project", "--labels", "Chemical,Disease")
    assert allabel("-p", folder / "project", "import", file).status == 0
    return folder / "project"


def chat(server: FaultyServer, *more: object) -> tuple[object, ...]:
    return ("tag", "--backend", "chat", "--base-url", server.url, "--model", "m", *more)


def kept(folder: Path) -> set[str]:
    """Return the statuses of the replies in the project."""
    with Store.open(folder / "project.db") as store:
        return {one.reply.status.value for one in store.tagged().values()}


def test_tagging_says_what_it_takes_before_and_took_after_and_asks_no_text_twice(
    tmp_path: Path, allabel: Run, server: FaultyServer
) -> None:
    folder = project(tmp_path, allabel, 5)
    first = allabel("-p", folder, *chat(server, "--rest", "--json"))
    assert first.status == 0, first.err
    rows = [json.loads(line) for line in first.out.splitlines()]
    assert [row["id"] for row in rows] == list("01234")
    assert all(row["entities"][0]["text"] == "NaCl" for row in rows)
    assert re.search(r"5 texts are tagged with the chat backend; LLM tokens: about [\d,]+ in prompts", first.err)
    assert "5 ok; 5 requests, 55 prompt and 35 output tokens" in first.err
    again = allabel("-p", folder, *chat(server, "--rest", "--json"))
    assert again.out == first.out
    assert len(server.requests) == 5
    assert "5 answers were there from before" in again.err
    calls = json.loads(allabel("-p", folder, "status", "--calls", "--json").out)["calls"]
    assert (calls["texts"], calls["requests"], calls["statuses"]) == (5, 5, {"ok": 5})


def test_a_budget_that_is_reached_ends_with_1_and_the_next_run_goes_on(
    tmp_path: Path, allabel: Run, server: FaultyServer
) -> None:
    folder = project(tmp_path, allabel, 12)
    for n_ok in (4, 8):  # of five requests, one proves the server
        ended = allabel("-p", folder, *chat(server, "--rest", "--json", "--budget-requests", 5, "--concurrency", 1))
        assert ended.status == 1
        assert "budget reached: 5 of 5 requests are used" in ended.err
        statuses = [json.loads(line)["status"] for line in ended.out.splitlines()]
        assert statuses == ["ok"] * n_ok + ["failed"] * (12 - n_ok)
    last = allabel("-p", folder, *chat(server, "--rest", "--json"))
    assert last.status == 0
    assert set(server.asked.values()) == {1}
    assert kept(folder) == {"ok"}


def test_a_failure_does_not_take_the_place_of_a_reply_that_was_there(
    tmp_path: Path, allabel: Run, server: FaultyServer
) -> None:
    folder = project(tmp_path, allabel, 3)
    assert allabel("-p", folder, *chat(server, "--rest", "--json")).status == 0
    server.script = lambda text, n_before: "400"
    ended = allabel("-p", folder, *chat(server, "--rest", "--json", "--form", "markup"))
    assert ended.status == 1
    assert kept(folder) == {"ok"}


def test_edited_demonstrations_make_predictions_stale_and_those_alone_are_tagged_again(
    tmp_path: Path, allabel: Run, server: FaultyServer
) -> None:
    folder = project(tmp_path, allabel, 6)

    def annotate(id: str, *spans: Span) -> None:
        with Store.open(folder / "project.db") as store:
            store.add_annotations([Annotation(DocId(id), spans, "a", "test", datetime.now(UTC))])

    def status() -> int:
        return int(json.loads(allabel("-p", folder, "status", "--json").out)["stale"])

    annotate("0", Span(0, 4, "Chemical"))
    annotate("1", Span(0, 4, "Chemical"))
    first = allabel("-p", folder, *chat(server, "--rest", "--shots", 1, "--json"))
    assert [json.loads(line)["id"] for line in first.out.splitlines()] == list("2345")
    assert status() == 0
    with Store.open(folder / "project.db") as store:
        shown = {id: one.reply.demonstrations[0] for id, one in store.tagged().items()}
    edited = shown[DocId("2")]
    annotate(edited)
    outdated = [id for id, demonstration in shown.items() if demonstration == edited]
    assert status() == len(outdated) > 0
    again = allabel("-p", folder, *chat(server, "--stale", "--shots", 1, "--json"))
    assert [json.loads(line)["id"] for line in again.out.splitlines()] == outdated
    assert status() == 0
    none = allabel("-p", folder, *chat(server, "--stale", "--shots", 1, "--json"))
    assert (none.status, none.out) == (0, "")


def test_evaluation_may_shut_near_duplicates_out_of_the_demonstrations(
    tmp_path: Path, allabel: Run, server: FaultyServer
) -> None:
    text = "the NaCl was dissolved in dry toluene and heated to reflux for two hours under argon before filtration"
    rows = [
        {"id": "near", "text": text.upper(), "entities": []},
        {"id": "far", "text": "NaCl is a salt", "entities": []},
    ]
    shown, file = tmp_path / "shown.jsonl", tmp_path / "one.jsonl"
    shown.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    file.write_text(json.dumps({"id": "x", "text": text}) + "\n", encoding="utf-8")
    allabel("init", tmp_path / "p", "--labels", "Chemical,Disease")
    allabel("-p", tmp_path / "p", "import", shown, "--as", "annotations")

    def demonstrations(*flags: str) -> list[str]:
        ended = allabel("-p", tmp_path / "p", *chat(server, file, "--json", *flags))
        assert ended.status == 0, ended.err
        found: list[str] = json.loads(ended.out)["demonstrations"]
        return found

    assert sorted(demonstrations()) == ["far", "near"]
    assert demonstrations("--exclude-near-duplicates") == ["far"]


def test_uncertainty_is_measured_by_the_model_and_not_asked_for_twice(
    tmp_path: Path, allabel: Run, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project(tmp_path, allabel, 8)
    select = ("-p", folder, "select", "--budget", 2, "--strategy", "perplexity", "--json", "--backend", "chat")
    monkeypatch.setenv("ALLABEL_BASE_URL", server.url)
    monkeypatch.setenv("ALLABEL_MODEL", "m")
    ended = allabel(*select)
    assert ended.status == 0, ended.err
    assert len(ended.out.splitlines()) == 2
    assert len(server.requests) == 8
    assert allabel(*select, "--more").status == 0
    assert len(server.requests) == 8


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--form", "jsn"), "there is no form 'jsn'"),
        (("--form", "markdown"), "known are grouped, json, markup"),
        (("--structured", "xgrammar"), "structured"),
        (("--floor", "2"), "--floor"),
        (("--budget-money", "1"), "needs the model's price"),
    ],
)
def test_settings_that_cannot_be_are_refused_before_any_request(
    flags: tuple[str, str], says: str, tmp_path: Path, allabel: Run, server: FaultyServer
) -> None:
    folder = project(tmp_path, allabel, 1)
    ended = allabel("-p", folder, *chat(server, "--rest", "--json", *flags))
    assert ended.status == 2
    assert says in ended.err
    assert server.requests == []


@pytest.mark.filterwarnings("default")
def test_the_way_without_binding_is_told(tmp_path: Path, allabel: Run, server: FaultyServer) -> None:
    folder = project(tmp_path, allabel, 2)
    server.binds = ()
    refused = allabel("-p", folder, *chat(server, "--rest", "--json"))
    assert (refused.status, "ignores `response_format`" in refused.err) == (1, True)
    ended = allabel("-p", folder, *chat(server, "--rest", "--json", "--structured", "none"))
    assert ended.status == 0
    assert "not bound to the JSON schema" in ended.err
    assert all("response_format" not in request for request in server.requests)


@pytest.mark.filterwarnings("default")
def test_parts_that_are_too_long_to_be_bound_to_their_strings_are_told_of(
    tmp_path: Path, allabel: Run, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project(tmp_path, allabel, 1)
    assert "not bound" not in allabel("-p", folder, *chat(server, "--rest", "--json")).err
    monkeypatch.setenv("ALLABEL_PART_TOKENS", "2000")
    assert "part_tokens = 2000" in allabel("-p", folder, *chat(server, "--rest", "--json")).err
    assert "not bound" not in allabel("-p", folder, *chat(server, "--rest", "--json", "--free")).err


def test_a_server_that_falls_silent_ends_the_run_with_1_and_the_reason(
    tmp_path: Path, allabel: Run, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project(tmp_path, allabel, 6)
    monkeypatch.setenv("ALLABEL_PATIENCE_S", "0.5")
    server.script = lambda text, n_before: "" if int(text.split()[-2]) < 3 else "503"
    ended = allabel("-p", folder, *chat(server, "--rest", "--json", "--concurrency", 1))
    assert ended.status == 1
    assert "the server gave no answer for 0.5 s" in ended.err
    assert [json.loads(line)["status"] for line in ended.out.splitlines()] == ["ok"] * 3 + ["failed"] * 3


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_what_was_answered_before_a_run_was_ended_is_not_asked_again(
    how: signal.Signals, tmp_path: Path, allabel: Run, server: FaultyServer
) -> None:
    n, at_once = 120, 4
    folder = project(tmp_path, allabel, n)
    server.delay_s = 0.05
    out = tmp_path / "out.jsonl"
    command = ("-p", folder, *chat(server, "--rest", "-o", out, "--concurrency", at_once))
    program = [sys.executable, "-c", "from allabel.cli import main; main()", *map(str, command)]
    with subprocess.Popen(program, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUTF8": "1"}) as run:
        give_up = time.monotonic() + 60
        while len(server.requests) < n // 3 and time.monotonic() < give_up:
            time.sleep(0.01)
        run.send_signal(how)
        _, err = run.communicate()
    n_before = len(server.requests)
    assert n // 3 <= n_before < n
    assert not out.exists()
    if how is signal.SIGINT:
        assert "the same command goes on from there" in err
    ended = allabel(*command)
    assert ended.status == 0, ended.err
    repeated = sum(times - 1 for times in server.asked.values())
    # Those under way when it ended, and after a kill what waited for a commit that was going on.
    assert repeated <= (at_once if how is signal.SIGINT else 4 * at_once)
    other = tmp_path / "undisturbed"
    other.mkdir()
    undisturbed = project(other, allabel, n)
    server.delay_s = 0.0
    assert allabel("-p", undisturbed, *chat(server, "--rest", "-o", other / "out.jsonl")).status == 0
    assert out.read_text(encoding="utf-8") == (other / "out.jsonl").read_text(encoding="utf-8")
