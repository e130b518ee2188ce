"""`allabel tag --backend vllm` with the real vLLM package, which has an environment of its own: see shared/llm.

The command runs on that environment's Python. What it lacks of allabel's dependencies comes from here, behind its own.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from with_vllm import URL

from allabel.document import Annotation, Document
from allabel.store.store import Store

pytestmark = [pytest.mark.vllm, pytest.mark.enable_socket]

Run = Callable[..., Any]
Rows = dict[str, dict[str, Any]]

HOME = Path(os.environ.get("ALLABEL_LLM_HOME") or Path.home() / ".cache" / "allabel-llm")
PYTHON, MODEL = HOME / "venv" / "bin" / "python", HOME / "smol"
REPOSITORY = Path(__file__).resolve().parents[2]
# vLLM starts its processes anew from this script: it must do nothing when imported.
SCRIPT = """\
import sys

sys.path.append(sys.argv.pop(1))
if __name__ == "__main__":
    from allabel.cli import main

    main(sys.argv[1:])
"""
# By its place and not by its name: the environment may have been made before the name was.
BACKEND = ("--backend", "allabel.annotate.backends:vllm", "--model", str(MODEL))
ENGINE = """\
[vllm]
dtype = "bfloat16"
enforce_eager = true
max_model_len = 4096
max_num_seqs = 16
structured_outputs_config = { backend = "xgrammar", disable_any_whitespace = true }
"""
# Threads bound to cores would fight with those of a server on the same machine.
ENVIRONMENT = {
    "PYTHONPATH": str(REPOSITORY),
    "HF_HUB_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "OMP_WAIT_POLICY": "passive",
    "GOMP_SPINCOUNT": "0",
}
LIMIT_S = 900


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs `allabel …` where vLLM is installed."""
    for path in (PYTHON, MODEL / "config.json"):
        if not path.exists():
            pytest.skip(f"no vLLM with a model at {path} (shared/llm/serve.sh installs both)")
    version = subprocess.run(
        [PYTHON, "-c", "import sys; print(*sys.version_info[:2])"], capture_output=True, text=True, check=True
    )
    if version.stdout.split() != [str(n) for n in sys.version_info[:2]]:
        pytest.skip(f"vLLM runs on Python {version.stdout.strip()}, and this is {sys.version}")
    script = tmp_path_factory.mktemp("script") / "offline.py"
    script.write_text(SCRIPT, encoding="utf-8")
    ours = {name for name in os.environ if name.startswith(("ALLABEL_", "OPENAI_", "VLLM_"))}
    inherited = {name: value for name, value in os.environ.items() if name not in ours}

    def run(*arguments: object) -> "subprocess.CompletedProcess[str]":
        command = [PYTHON, script, sysconfig.get_paths()["purelib"], *map(str, arguments)]
        return subprocess.run(
            command, env={**inherited, **ENVIRONMENT}, capture_output=True, text=True, timeout=LIMIT_S, check=False
        )

    return run


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, bc5cdr: Callable[[str, int], list[Document]]) -> Path:
    """A project with twelve annotated sentences and eight that are not."""
    folder = tmp_path_factory.mktemp("offline") / "project"
    subprocess.run(
        [sys.executable, "-c", "from allabel.cli import main; main()", "init", folder, "--labels", "Chemical,Disease"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
    )
    shown = [d for d in bc5cdr("train", 100) if d.entities][:12]
    asked = [d for d in bc5cdr("test", 40) if len(d.text) > 40][:8]
    with Store.open(folder / "project.db") as store:
        store.add_documents([Document(d.id, d.text) for d in [*shown, *asked]])
        store.add_annotations([Annotation(d.id, d.entities or (), "a", "test", datetime.now(UTC)) for d in shown])
    (folder / "allabel.toml").write_text(f"max_output_tokens = 400\nshots = 3\n{ENGINE}", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def tagged(offline: Run, project: Path) -> "subprocess.CompletedProcess[str]":
    """The eight sentences tagged within the process, in a copy of the project."""
    copy = shutil.copytree(project, project.with_name("tagged"))
    ended: subprocess.CompletedProcess[str] = offline("-p", copy, "tag", "--rest", "--json", *BACKEND)
    return ended


def rows(out: str) -> Rows:
    return {row["id"]: row for row in map(json.loads, out.splitlines())}


def found(row: dict[str, Any]) -> list[tuple[str, str]]:
    """List what the model wrote, wherever in the text it is."""
    return sorted((one["label"], one.get("mention") or one["text"]) for one in [*row["entities"], *row["ungrounded"]])


def test_a_batch_is_tagged_within_the_process_and_data_alone_come_out(
    tagged: "subprocess.CompletedProcess[str]",
) -> None:
    assert tagged.returncode in {0, 1}, tagged.stderr[-4000:]
    answers = rows(tagged.stdout)
    assert len(answers) == 8, tagged.stderr[-4000:]
    statuses = [row["status"] for row in answers.values()]
    assert statuses.count("ok") >= 6, statuses
    assert {row["model"] for row in answers.values()} == {str(MODEL)}
    assert all(row["n_prompt_tokens"] > 100 and row["n_output_tokens"] > 0 for row in answers.values())
    assert "of the prompt tokens from the prefix cache" in tagged.stderr


def test_every_entity_has_a_score_and_every_reply_a_perplexity(tagged: "subprocess.CompletedProcess[str]") -> None:
    usable = [row for row in rows(tagged.stdout).values() if row["status"] == "ok"]
    entities = [one for row in usable for one in row["entities"]]
    assert len(entities) >= 3
    assert all(0 < one["score"] <= 1 for one in entities)
    assert all(row["perplexity"] >= 1 for row in usable)


def test_the_server_is_asked_the_same_and_says_mostly_the_same(
    tagged: "subprocess.CompletedProcess[str]", model: str, project: Path, allabel: Run
) -> None:
    if model != MODEL.name:
        pytest.skip(f"the server at {URL} has another model: {model}")
    copy = shutil.copytree(project, project.with_name("served"))
    # One at a time: what else is in a batch changes the last digits, and with them a word here and there.
    served = rows(
        allabel(
            "-p", copy, "tag", "--rest", "--json", "--backend", "chat", "--base-url", URL, "--model", model,
            "--concurrency", 1,
        ).out
    )  # fmt: skip
    ours = rows(tagged.stdout)
    assert served.keys() == ours.keys()
    assert [row["demonstrations"] for row in served.values()] == [row["demonstrations"] for row in ours.values()]
    both = [id for id in ours if ours[id]["status"] == served[id]["status"] == "ok"]
    assert len(both) >= 5
    same = [id for id in both if found(ours[id]) == found(served[id])]
    assert len(same) >= len(both) * 0.6, (len(same), len(both))
    for id in same:
        assert ours[id]["n_prompt_tokens"] == served[id]["n_prompt_tokens"]
        assert ours[id]["perplexity"] == pytest.approx(served[id]["perplexity"], rel=0.05)
        scores = [[one["score"] for one in side[id]["entities"]] for side in (ours, served)]
        assert scores[0] == pytest.approx(scores[1], abs=0.1)


def test_an_engine_argument_that_vllm_does_not_have_is_refused_before_the_model_is_loaded(
    offline: Run, project: Path
) -> None:
    copy = shutil.copytree(project, project.with_name("misspelt"))
    (copy / "allabel.toml").write_text("[vllm]\ngpu_memory_utilisation = 0.5\n", encoding="utf-8")
    ended = offline("-p", copy, "tag", "--rest", "--json", *BACKEND)
    assert ended.returncode == 2, ended.stderr[-2000:]
    assert "did you mean 'gpu_memory_utilization'?" in ended.stderr
    assert ended.stdout == ""
