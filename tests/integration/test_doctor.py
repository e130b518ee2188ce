"""`allabel doctor`: what it finds of packages, GPUs, databases and servers of language models."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from faulty_server import FaultyServer
from postgres import PostgresServer

from allabel import doctor, surroundings

Run = Callable[..., Any]
# The servers are on this machine.
pytestmark = pytest.mark.enable_socket


@pytest.fixture
def folder(tmp_path: Path, allabel: Run) -> Path:
    """A project."""
    assert allabel("init", tmp_path / "p", "--labels", "Salt").status == 0
    return tmp_path / "p"


def found(allabel: Run, folder: Path) -> dict[str, tuple[bool, str]]:
    """Return what doctor says, by what it looked at."""
    ended = allabel("-p", folder, "doctor", "--json")
    rows = json.loads(ended.out)
    assert ended.status == (0 if all(row["ok"] for row in rows) else 1)
    return {row["what"]: (row["ok"], row["says"]) for row in rows}


def test_it_looks_at_everything_and_ends_with_0_where_all_is_well(allabel: Run, folder: Path) -> None:
    told = found(allabel, folder)
    assert {"versions", "extras installed", "packages", "GPU", "project", "database"} <= set(told)
    assert "numpy " in told["packages"][1]
    assert "mypy" not in told["packages"][1]
    assert str(folder / "project.db") in told["database"][1]
    assert "server" not in told


def test_an_extra_that_is_missing_is_told_with_the_line_that_installs_it(
    allabel: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(surroundings.EXTRAS, "app", ("streamlit", "no_such_package"))
    ok, says = found(allabel, folder)["extras missing"]
    assert ok
    assert "app (lacks no_such_package)" in says
    assert "pip install 'allabel[app" in says


def test_another_distribution_that_owns_a_name_of_ours_is_told(
    allabel: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owners = {"allabel": ["allabel"], "eval": ["allabel", "eval-kit"], "app": ["allabel"]}
    monkeypatch.setattr(doctor, "packages_distributions", lambda: owners)
    ok, says = found(allabel, folder)["the name 'eval'"]
    assert not ok
    assert "eval-kit" in says
    assert "pipx" in says


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    """A server of the model `m`."""
    with FaultyServer(lambda text, n_before: "") as running:
        yield running


def test_a_server_that_answers_and_offers_the_model_is_well(
    allabel: Run, folder: Path, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLABEL_BASE_URL", server.url)
    monkeypatch.setenv("ALLABEL_BACKEND", "chat")
    monkeypatch.setenv("ALLABEL_MODEL", "m")
    ok, says = found(allabel, folder)["server"]
    assert ok, says
    assert server.url.rstrip("/") in says
    assert "offers m" in says
    monkeypatch.setenv("ALLABEL_MODEL", "mm")
    ok, says = found(allabel, folder)["server"]
    assert not ok
    assert "does not offer the model 'mm'; it offers m" in says


def test_a_key_that_cannot_be_sent_is_told_and_not_shown(
    allabel: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLABEL_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("ALLABEL_BACKEND", "chat")
    monkeypatch.setenv("OPENAI_API_KEY", "schlüssel")
    ok, says = found(allabel, folder)["server"]
    assert not ok
    assert "the key in OPENAI_API_KEY holds characters that no key has" in says
    assert "schlüssel" not in says


@pytest.mark.parametrize(("backend", "well"), [("chat", False), ("embedded", True)])
def test_a_server_that_is_silent_matters_where_it_is_in_use(
    backend: str, well: bool, allabel: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLABEL_BASE_URL", "http://user:secret@127.0.0.1:9/v1")
    monkeypatch.setenv("ALLABEL_BACKEND", backend)
    ok, says = found(allabel, folder)["server"]
    assert ok == well
    assert "http://127.0.0.1:9/v1 does not answer" in says
    assert "secret" not in says


def test_the_backend_chat_without_a_server_is_told(allabel: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLABEL_BACKEND", "chat")
    assert found(allabel, folder)["server"] == (
        False,
        "the backend chat is in use, and no server is named: set OPENAI_BASE_URL",
    )


def test_a_database_server_answers_or_is_told(allabel: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "q"
    with PostgresServer() as postgres, postgres.database() as name:
        monkeypatch.setenv("ALLABEL_DATABASE", postgres.url(name))
        assert allabel("init", folder, "--labels", "Salt").status == 0
        ok, says = found(allabel, folder)["database"]
        assert ok
        assert says.startswith("postgresql+psycopg://")
        assert says.endswith(" answers")
        postgres.stop()
        ok, says = found(allabel, folder)["project"]
        postgres.start()
        assert not ok, says


def test_settings_that_cannot_be_read_are_told(allabel: Run, folder: Path) -> None:
    (folder / "allabel.toml").write_text("shotz = 3\n", encoding="utf-8")
    ok, says = found(allabel, folder)["settings"]
    assert not ok
    assert "'shots'" in says


STAND_IN = """
class cuda:
    is_available = staticmethod(lambda: {n} > 0)
    device_count = staticmethod(lambda: {n})
    get_device_name = staticmethod(lambda i: f"GPU {{i}}")
class backends: pass
"""


@pytest.mark.parametrize(
    ("version", "module", "ok", "says"),
    [
        (None, "", True, "torch is not installed"),
        ("2.9.0+cpu", "raise SystemExit('it is not to be loaded')", True, "the build for the CPU"),
        ("2.9.0", STAND_IN.format(n=2), True, "GPU 0; GPU 1 (torch 2.9.0)"),
        ("2.9.0", STAND_IN.format(n=0), True, "torch 2.9.0 sees none"),
        ("2.9.0", "raise OSError('libcudart.so: no such file')", False, "cannot be used: OSError: libcudart.so"),
    ],
)
def test_the_gpu_is_the_one_that_torch_sees(
    version: str | None, module: str, ok: bool, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "torch.py").write_text(module, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(surroundings, "_version", lambda package: version)
    told = surroundings.gpu()
    assert told.ok == ok
    assert says in told.says
