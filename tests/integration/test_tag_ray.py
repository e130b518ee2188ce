"""`allabel tag FILE --engine ray`: the bytes of the local engine, from processes that share nothing but a disk."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import faulty_server
import pytest
from faulty_server import FaultyServer

pytest.importorskip("ray", reason="the extra ray is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.enable_socket]
Run = Callable[..., Any]


def content_for(text: str) -> str:
    return json.dumps({"Chemical": list(dict.fromkeys(re.findall(r"\w+Cl\b", text))), "Disease": []})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyServer]:
    monkeypatch.setattr(faulty_server, "content_for", content_for)
    with FaultyServer() as scripted:
        yield scripted


@pytest.fixture
def folder(tmp_path: Path, allabel: Run) -> Path:
    texts = [f"{metal}Cl was weighed and dried ." for metal in ("Na", "K", "Rb", "Cs", "Ag", "Tl")]
    rows = [{"text": t, "entities": [{"start": 0, "end": t.index(" "), "label": "Chemical"}]} for t in texts]
    shown = tmp_path / "shown.jsonl"
    shown.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    allabel("init", tmp_path / "project", "--labels", "Chemical,Disease")
    assert allabel("-p", tmp_path / "project", "import", shown, "--as", "annotations").status == 0
    return tmp_path / "project"


def texts(folder: Path, n: int) -> Path:
    file = folder / "texts.jsonl"
    lines = [{"id": f"t{i}", "text": f"NaCl in 🧪 water, step {i} .", "meta": {"n": [i, None]}} for i in range(n)]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return file


def ended(*arguments: object) -> "subprocess.CompletedProcess[str]":
    """Run a command in a process of its own: Ray leaves threads and sockets behind, which tests do not forgive."""
    program = [sys.executable, "-c", "from allabel.cli import main; main()", *map(str, arguments)]
    return subprocess.run(program, capture_output=True, text=True, timeout=300, check=False)


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("workers", [1, 2])
def test_ray_writes_the_bytes_of_the_local_engine(workers: int, folder: Path, tmp_path: Path, allabel: Run) -> None:
    file = texts(tmp_path, 500)
    assert allabel("-p", folder, "tag", file, "-o", tmp_path / "local.jsonl", "--block", 40).status == 0
    ray = ("--engine", "ray", "--workers", workers, "--block", 40)
    run = ended("-p", folder, "tag", file, "-o", tmp_path / "ray.jsonl", *ray)
    assert run.returncode == 0, run.stderr
    assert run.stdout == ""
    assert (tmp_path / "ray.jsonl").read_bytes() == (tmp_path / "local.jsonl").read_bytes()
    assert not list(tmp_path.glob("*.parts"))


def test_either_engine_fills_the_gaps_that_the_other_left(folder: Path, tmp_path: Path, allabel: Run) -> None:
    file = texts(tmp_path, 300)
    command = ["-p", folder, "tag", file, "-o", f"{tmp_path}/parts/", "--block", 25]
    assert allabel(*command).status == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "parts").glob("part-*")}
    for number in (0, 3, 11):
        (tmp_path / "parts" / f"part-{number:05d}.jsonl").unlink()
    run = ended(*command, "--engine", "ray", "--workers", 2)
    assert run.returncode == 0, run.stderr
    assert "225 of 300 texts were tagged before" in run.stderr
    assert {path.name: path.read_bytes() for path in (tmp_path / "parts").glob("part-*")} == before


def test_a_run_that_was_killed_goes_on_and_has_every_id_once(folder: Path, tmp_path: Path) -> None:
    file, parts = texts(tmp_path, 20_000), tmp_path / "out.jsonl.parts"
    command = ["-p", folder, "tag", file, "-o", tmp_path / "out.jsonl", "--block", 200, "--engine", "ray"]
    program = [sys.executable, "-c", "from allabel.cli import main; main()", *map(str, command), "--workers", "2"]
    with subprocess.Popen(program, stderr=subprocess.DEVNULL) as run:
        give_up = time.monotonic() + 120
        while not (parts / "_done.jsonl").exists() or len((parts / "_done.jsonl").read_bytes().splitlines()) < 5:
            assert run.poll() is None
            assert time.monotonic() < give_up
            time.sleep(0.01)
        run.kill()
    assert not (tmp_path / "out.jsonl").exists()
    again = ended(*command, "--workers", 2)
    assert again.returncode == 0, again.stderr
    assert "of 20,000 texts were tagged before" in again.stderr
    assert [row["id"] for row in rows(tmp_path / "out.jsonl")] == [f"t{i}" for i in range(20_000)]


def test_what_a_model_answered_workers_is_in_the_store_and_failed_texts_alone_are_asked_again(
    folder: Path, tmp_path: Path, allabel: Run, server: FaultyServer
) -> None:
    file, out = texts(tmp_path, 60), tmp_path / "out.jsonl"
    chat = ("--backend", "chat", "--base-url", server.url, "--model", "m", "--concurrency", 2, "--block", 10)
    server.script = lambda text, n_before: "400" if "step 13 " in str(server.requests[-1]["messages"][-1]) else ""
    command = ("-p", folder, "tag", file, "-o", out, *chat, "--engine", "ray", "--workers", 2)
    run = ended(*command)
    assert run.returncode == 1
    assert "1 of 60 texts got no usable reply; the first is 't13'" in run.stderr
    assert [row["id"] for row in rows(out) if row["status"] != "ok"] == ["t13"]
    n_before = len(server.requests)
    server.script = lambda text, n_before: ""
    run = ended(*command)
    assert run.returncode == 0, run.stderr
    assert len(server.requests) == n_before + 1
    # The local engine finds all of it where it looks itself.
    local = allabel("-p", folder, "tag", file, "-o", tmp_path / "local.jsonl", *chat)
    assert local.status == 0, local.err
    assert len(server.requests) == n_before + 1
    assert (tmp_path / "local.jsonl").read_bytes() == out.read_bytes()


def test_what_goes_wrong_in_a_worker_is_told_as_it_would_be_here(folder: Path, tmp_path: Path) -> None:
    chat = ("--backend", "chat", "--base-url", "http://127.0.0.1:9/v1", "--model", "m")
    ray = ("--engine", "ray", "--workers", 1)
    run = ended("-p", folder, "tag", texts(tmp_path, 20), "-o", tmp_path / "o.jsonl", *chat, *ray)
    assert run.returncode == 1
    assert "error: no language-model server answers at http://127.0.0.1:9/v1" in run.stderr
    assert "Traceback" not in run.stderr
    budget = ended("-p", folder, "tag", texts(tmp_path, 20), "-o", tmp_path / "o", *chat, *ray, "--budget-requests", 3)
    assert budget.returncode == 2
    assert "budget_requests counts within one process" in budget.stderr


def test_ray_reports_nothing_home_and_starts_no_dashboard(folder: Path, tmp_path: Path) -> None:
    program = (
        "import os; from allabel.bulk import ray_engine; ray = ray_engine.require_ray()\n"
        "from ray._common.usage import usage_lib\n"
        "with ray_engine._started(1) as n:\n"
        "    url = ray._private.worker.global_worker.node.webui_url\n"
        "    print(n, usage_lib.usage_stats_enabled(), bool(url))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=os.environ, check=True)
    assert run.stdout.split() == ["1", "False", "False"]


STAND_IN = """
import json, sys
from allabel.annotate.llm import offline_vllm
from allabel.bulk import ray_engine
from allabel.bulk.ray_vllm import answered_row
from allabel.cli import main

def engine(row):
    # The columns that Ray 2.60's vLLM stage adds, out of what it was given.
    word = row["messages"][-1]["content"].split()[0]
    assert json.loads(row["sampling_params"]["structured_outputs"]["json"])
    content = json.dumps({"Chemical": [word], "Disease": []})
    told = {"generated_text": content, "generated_tokens": [7], "num_input_tokens": 30, "num_generated_tokens": 9}
    return answered_row({**row, **told, "logprobs": [{7: {"logprob": -0.5, "rank": 1, "decoded_token": content}}]})

offline_vllm.missing = lambda: None
ray_engine.through_engine = lambda data, settings, engines: data.map(engine)
main(sys.argv[1:])
"""


def test_vllm_on_ray_gets_every_prompt_and_writes_every_block(folder: Path, tmp_path: Path) -> None:
    file = texts(tmp_path, 90)
    vllm = ("--backend", "vllm", "--model", "m", "--block", "20", "--engine", "ray", "--workers", "1")
    command = [sys.executable, "-c", STAND_IN, "-p", folder, "tag", file, "-o", tmp_path / "out.jsonl", *vllm]
    run = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stderr
    found = rows(tmp_path / "out.jsonl")
    assert [row["id"] for row in found] == [f"t{i}" for i in range(90)]
    assert all([e["text"] for e in row["entities"]] == ["NaCl"] and row["backend"] == "vllm" for row in found)
    assert "90 ok; 90 requests" in run.stderr
