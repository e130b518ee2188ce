"""The [vllm] table of allabel.toml."""

from pathlib import Path

import pytest

from allabel.config import load
from allabel.errors import InputError


def test_engine_arguments_are_read_from_the_file_and_from_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ALLABEL_VLLM", raising=False)
    assert load(tmp_path).vllm == {}
    (tmp_path / "allabel.toml").write_text('[vllm]\ntensor_parallel_size = 2\ndtype = "bfloat16"\n')
    assert load(tmp_path).vllm == {"tensor_parallel_size": 2, "dtype": "bfloat16"}
    monkeypatch.setenv("ALLABEL_VLLM", '{"gpu_memory_utilization": 0.8}')
    assert load(tmp_path).vllm["gpu_memory_utilization"] == 0.8


def test_an_engine_argument_that_json_cannot_hold_is_refused(tmp_path: Path) -> None:
    (tmp_path / "allabel.toml").write_text("[vllm]\nseed = 2026-01-01\n")
    with pytest.raises(InputError, match=r"the setting 'vllm\.seed' is wrong"):
        load(tmp_path)
