"""`allabel app`: what it refuses, what it starts."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest
from app_page import make_project
from click.testing import CliRunner, Result

from allabel.errors import InputError, MissingExtraError
from allabel.people.accounts import Accounts
from allabel.people.roles import Role
from allabel.project import Project
from app import cli

START_S = 60


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli.app, arguments, obj=folder)


def free_port() -> int:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Collects what streamlit would be started with."""
    found: list[list[str]] = []
    monkeypatch.setattr("streamlit.web.cli.main", lambda args, **_: found.append(list(args)))
    # The command leaves it in the environment for the app.
    monkeypatch.setenv("ALLABEL_APP_FOLDER", "")
    return found


@pytest.mark.enable_socket
def test_another_host_is_refused_while_nobody_has_to_sign_in(tmp_path: Path, started: list[list[str]]) -> None:
    folder = make_project(tmp_path / "p")
    ended = run(folder, "--host", "0.0.0.0")
    assert isinstance(ended.exception, InputError)
    assert "would be open to all" in ended.exception.problem
    assert "add the first person" in ended.exception.remedy
    assert not started
    with Project.open(folder) as project:
        Accounts(project.store).add("ada", Role.ADMIN, "correct horse battery")
    assert run(folder, "--host", "0.0.0.0", "--port", str(free_port())).exit_code == 0
    assert "--server.address=0.0.0.0" in started[0]


def test_without_streamlit_it_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "find_spec", lambda _: None)
    ended = run(tmp_path)
    assert isinstance(ended.exception, MissingExtraError)
    assert ended.exception.remedy == "pip install 'allabel[app]'"


def test_a_file_in_place_of_a_folder_is_refused(tmp_path: Path, started: list[list[str]]) -> None:
    file = tmp_path / "file"
    file.touch()
    assert isinstance(run(file).exception, InputError)
    assert not started


@pytest.mark.enable_socket
def test_only_this_machine_is_served_and_nothing_is_reported_elsewhere(
    tmp_path: Path, started: list[list[str]]
) -> None:
    port = free_port()
    assert run(tmp_path, "--port", str(port), "--no-browser").exit_code == 0
    (arguments,) = started
    assert arguments[:2] == ["run", str(cli.ENTRY)]
    assert os.environ["ALLABEL_APP_FOLDER"] == str(tmp_path)
    assert {
        *("--server.address=localhost", f"--server.port={port}", "--server.headless=true"),
        *("--browser.gatherUsageStats=false", "--server.enableXsrfProtection=true", "--server.fileWatcherType=none"),
        *("--client.toolbarMode=minimal", "--server.maxUploadSize=200", "--server.allowedHosts=localhost"),
        "--logger.hideWelcomeMessage=true",
    } <= set(arguments)


@pytest.mark.enable_socket
def test_the_app_answers_on_its_port_and_ends_with_its_process(tmp_path: Path) -> None:
    port = free_port()
    code = (
        "import sys; from pathlib import Path; from app.cli import app; app.main(sys.argv[2:], obj=Path(sys.argv[1]))"
    )
    command = [sys.executable, "-c", code, str(make_project(tmp_path / "p")), "--port", str(port), "--no-browser"]
    # A file of settings that lies about opens no other way in.
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "config.toml").write_text("[server]\nenableAgentApi = true\n", encoding="utf-8")
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=tmp_path
    ) as process:
        try:
            assert _health(port) == "ok"
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(f"http://localhost:{port}/_stcore/agent/interact", data=b"{}", timeout=9)
            assert b"does not serve the agent API" in refused.value.read()
        finally:
            process.terminate()
        assert process.stdout is not None
        said = process.stdout.read()
    assert "Traceback" not in said
    assert "Streamlit" not in said
    assert f"p is at http://localhost:{port}" in said
    assert "is not a valid config option" not in said


def _health(port: int) -> str:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=2) as answer:
                return str(answer.read().decode())
        except (OSError, urllib.error.URLError):
            time.sleep(0.2)
    return f"no answer within {START_S} s"


@pytest.mark.enable_socket
def test_a_port_in_use_is_told_with_another(tmp_path: Path, started: list[list[str]]) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = run(tmp_path, "--port", str(port), "--host", "127.0.0.1")
    assert isinstance(ended.exception, InputError)
    assert f"listens on port {port} already" in ended.exception.problem
    assert "--port" in ended.exception.remedy
    assert not started


def test_a_folder_below_a_file_is_refused(tmp_path: Path, started: list[list[str]]) -> None:
    file = tmp_path / "file"
    file.touch()
    ended = run(file / "project")
    assert isinstance(ended.exception, InputError)
    assert ended.exception.file == file
    assert not started
