"""Texts go to the server that was named and nowhere else; logs and figures hold neither texts nor keys."""

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from faulty_server import FaultyServer
from served import free_port
from sqlalchemy import insert
from watched import CANARY, KEY, TEXTS, Watched, clean, of_process, ours

from allabel.discreet import be_discreet, in_a_line, places, unquoted
from allabel.errors import AllabelError, InputError
from allabel.project import Project
from allabel.schema import LabelSchema
from allabel.server.keys import Keys, Scope
from allabel.store import Store
from allabel.store.server_faults import server_fault
from allabel.store.tables import documents
from allabel.telemetry import VARIABLES
from app.cli import flags

COMMANDS = """
import sys
from allabel.cli import main
for line in sys.stdin:
    try:
        main(line.rstrip("\\n").split("\\t"))
    except SystemExit as ended:
        print(line.split("\\t")[2], "ended with", ended.code, file=sys.stderr)
"""


def gold(path: Path, texts: list[str]) -> Path:
    """Write texts with an entity each."""
    entity = {"start": 0, "end": len(CANARY), "label": "Reagent"}
    rows = [{"id": f"t{n}", "text": text, "entities": [entity]} for n, text in enumerate(texts)]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def make(folder: Path) -> str:
    """Make a project of annotated canaries with a key for callers; returns the key."""
    with Project.create(folder, LabelSchema.of(["Reagent"])) as project:
        _, key = Keys(project.store).add("lab", list(Scope))
    return key


@pytest.mark.enable_socket
def test_a_project_from_import_to_tagged_texts_talks_to_the_named_server_alone(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "watched", OPENAI_API_KEY=KEY)
    folder, source = tmp_path / "project", gold(tmp_path / "texts.jsonl", TEXTS)
    with FaultyServer(lambda text, n: "400-quote" if n % 2 else "") as server:
        port = int(server.url.split(":")[2].split("/")[0])
        chat = ["--backend", "chat", "--base-url", server.url, "--model", "m"]
        asked = [
            ["init", str(folder), "--labels", "Reagent"],
            ["import", str(source)],
            ["select", "--budget", "6"],
            ["annotate", "--from-gold"],
            ["tag", "--rest", "-o", str(tmp_path / "tagged.jsonl"), *chat],
            ["status"],
            ["export", str(tmp_path / "out.jsonl")],
        ]
        lines = ["\t".join(["-p", str(folder), *one]) for one in asked]
        ended = watched.run([sys.executable, "-c", COMMANDS], input="\n".join(lines))
    assert server.requests
    assert ended.stderr.count("ended with 0") >= len(asked) - 1, ended.stderr
    assert watched.places == {("127.0.0.1", port)}
    # What a command tells goes to a terminal or a log: a server's error quotes a text there, and that is left out.
    assert CANARY not in ended.stderr
    assert KEY not in ended.stdout + ended.stderr
    assert not watched.left()
    assert not [one for one in folder.rglob("*") if one.is_file() and KEY.encode() in one.read_bytes()]


def test_the_watch_sees_who_talks_to_others(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "watched")
    code = "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(b'', ('127.0.0.7', 9))"
    assert watched.run([sys.executable, "-c", code]).returncode == 0
    assert watched.run(
        [sys.executable, "-c", f"import subprocess, sys; subprocess.run({[sys.executable, '-c', code]!r})"]
    )
    assert watched.places == {("127.0.0.7", 9)}
    (watched.tmp / "left").write_text(f"… {CANARY} …", encoding="utf-8")
    assert watched.left() == [watched.tmp / "left"]


@pytest.mark.enable_socket
def test_a_server_whose_backend_quotes_texts_in_its_errors_logs_none_of_them(tmp_path: Path) -> None:
    watched, folder, port = Watched(tmp_path / "watched"), tmp_path / "project", free_port()
    key, log = make(folder), tmp_path / "log"
    asked = ["-p", folder, "serve", "--port", port, "--backend", "talkative_backend:Talkative"]
    with (
        log.open("wb") as said,
        subprocess.Popen(ours(*asked), env=watched.env, stdout=said, stderr=said) as server,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"X-API-Key": key}, timeout=60) as api,
    ):
        try:
            until_alive(api, server)
            assert api.post("/v1/tag", json={"text": TEXTS[0]}).status_code == httpx.codes.INTERNAL_SERVER_ERROR
            assert "problem" in api.post("/v1/tag/stream", content=json.dumps({"text": TEXTS[1]})).text
            assert api.post("/v1/jobs", json={"texts": TEXTS}).status_code == httpx.codes.ACCEPTED
            api.post(
                "/v1/annotations", json={"documents": [{"text": TEXTS[2], "entities": [{"start": 0, "end": 999}]}]}
            )
            assert api.get(f"/{TEXTS[3]}").status_code == httpx.codes.NOT_FOUND
            figures = api.get("/metrics").text
            arguments = of_process(server.pid)
            time.sleep(1)
        finally:
            server.terminate()
    told = log.read_text(encoding="utf-8")
    assert "failed" in told
    assert "talkative_backend.py" in told
    assert "ValueError" in told
    assert "allabel_requests_total" in figures
    for canary in (CANARY, key, key.split("_")[2]):
        assert canary not in told + figures + arguments
    assert not watched.left()


def until_alive(api: httpx.Client, server: "subprocess.Popen[bytes]") -> None:
    """Wait until a server answers."""
    until = time.monotonic() + 120
    while True:
        try:
            if api.get("/healthz").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            assert server.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)


@pytest.fixture
def discreet() -> Iterator[None]:
    """Makes the log records of this process discreet for one test."""
    before = logging.getLogRecordFactory()
    be_discreet()
    yield
    logging.setLogRecordFactory(before)


def test_a_logged_error_keeps_its_places_and_loses_its_words(discreet: None, caplog: pytest.LogCaptureFixture) -> None:
    try:
        try:
            raise ValueError(f"cannot read {CANARY}")
        except ValueError as first:
            raise ExceptionGroup(CANARY, [KeyError(CANARY), InputError("the label is wrong")]) from first
    except ExceptionGroup as error:
        logging.getLogger("any.library").exception("it failed")
        logging.getLogger("any.library").warning(
            "it failed: %s, %s", ValueError(CANARY), OSError(2, "No such file", CANARY)
        )
        line = in_a_line(error)
    told = line + caplog.text + logging.Formatter().format(caplog.records[0])
    assert CANARY not in told
    for kept in ("test_privacy.py", "ValueError", "KeyError", "the label is wrong", "FileNotFoundError: No such file"):
        assert kept in told


def test_our_own_errors_are_told_in_their_own_words() -> None:
    assert in_a_line(AllabelError("the disk is full")) == "the disk is full"
    assert places(AllabelError("the disk is full")) == "the disk is full"


def test_what_a_database_refuses_is_not_quoted(tmp_path: Path) -> None:
    with Store.create(tmp_path / "project.db") as store:
        row = {"id": "a", "text": CANARY, "meta": {}, "position": 1}
        with pytest.raises(AllabelError) as refused, store.writes() as connection:
            connection.execute(insert(documents), [row, row])
    assert CANARY not in "".join(places(refused.value))
    assert CANARY not in f"{refused.value} {refused.value.__cause__}"


def test_a_database_servers_details_are_left_out() -> None:
    class DiagnosedError(Exception):
        class diag:  # noqa: N801  as the driver names it
            message_primary = "duplicate key value"

    problem, _ = server_fault(DiagnosedError(f"duplicate key value\nDETAIL:  Key (text)=({CANARY}) already exists."))
    assert problem == "the database refused (duplicate key value)"


def test_what_a_server_repeats_of_a_text_is_left_out_and_its_reason_stays() -> None:
    text = f"{CANARY} ⚗️\nwas dissolved."
    for repeated in (text, json.dumps(text), repr(text), text[:20]):
        said = unquoted(f"the context is too long: {repeated}", [text, "another"])
        assert said.startswith("the context is too long: ")
        assert CANARY not in said
        assert "dissolved" not in said
    assert unquoted("bad NaCl", ["NaCl"]) == "bad […]"
    assert unquoted("nothing of it", [text, ""]) == "nothing of it"


def test_no_package_reports_its_use_under_our_command_line() -> None:
    code = """
import contextlib, json, os
from allabel.cli import main
with contextlib.suppress(SystemExit):
    main(["--version"])
from huggingface_hub import constants
print(json.dumps([constants.HF_HUB_DISABLE_TELEMETRY, dict(os.environ)]))
"""
    pytest.importorskip("huggingface_hub")
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=clean(os.environ), check=True
    )
    hub_is_silent, variables = json.loads(run.stdout.splitlines()[-1])
    assert hub_is_silent is True
    assert VARIABLES.items() <= variables.items()


def test_the_app_is_started_with_its_reports_off(tmp_path: Path) -> None:
    started = flags(tmp_path, 8501, "localhost", browser=False)
    assert {"--browser.gatherUsageStats=false", "--logger.enableRich=false"} <= {*started}
