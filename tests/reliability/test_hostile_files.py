"""Files made to do harm are refused in words: none is run, none is waited for, and none takes memory without bound."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("hostile_cases.py")
ENVIRONMENT = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0", "OMP_NUM_THREADS": "1"}
# These keep what is wrong beside what is sound, or do not look at the part that is made to harm.
MAY_READ = ("page jsonl", "page csv", "a bomb arrow")


def _ended(folder: Path, kind: str) -> dict[str, Any]:
    """Have every case of a kind read in a process of its own, with little memory and ears on what it does."""
    asked = [sys.executable, str(SCRIPT), str(folder), kind]
    env = {**os.environ, **ENVIRONMENT}
    ended = subprocess.run(asked, capture_output=True, text=True, env=env, timeout=1200, check=False)
    assert ended.returncode == 0, f"the process ended with {ended.returncode}\n{ended.stderr[-3000:]}"
    told: dict[str, Any] = json.loads(ended.stdout)
    return told


def _all_refused(told: dict[str, Any]) -> None:
    wrong = {
        case: ended
        for case, ended in told["cases"].items()
        if ended[0] != "refused" and not (ended[0] == "read" and case.endswith(MAY_READ))
    }
    assert not wrong
    assert not told["ran"], "a payload ran"
    assert not told["climbed"], "an archive wrote outside its folder"


def test_files_made_to_do_harm_are_refused_in_words(tmp_path: Path) -> None:
    told = _ended(tmp_path, "small")
    assert len(told["cases"]) > 70
    _all_refused(told)
    assert not [case for case, ended in told["cases"].items() if ended[0] == "refused" and "remedy" not in ended[1]]


@pytest.mark.slow
def test_large_files_and_bombs_are_refused_with_little_memory(tmp_path: Path) -> None:
    told = _ended(tmp_path, "large")
    assert len(told["cases"]) > 40
    _all_refused(told)
    assert told["grown_mb"] < 1536


@pytest.mark.slow
@pytest.mark.skipif(not find_spec("torch") or not find_spec("transformers"), reason="the extra finetune is not there")
def test_models_made_to_do_harm_are_refused_and_nothing_in_them_is_run(tmp_path: Path) -> None:
    _all_refused(_ended(tmp_path, "torch"))
