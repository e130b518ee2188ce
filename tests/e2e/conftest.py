"""A real browser and real Streamlit servers for the tests of this folder."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from at_work import Worker, themed
from editing import SCRIPT, Case
from salts import KEYS, make_salts

from app.cli import ENTRY

ROOT = Path(__file__).resolve().parents[2]
START_S = 180


class Served:
    """One Streamlit server as a process of its own; it can be killed and started again on the same port."""

    def __init__(self, script: Path, *args: str, env: Mapping[str, str] | None = None):
        self.script, self.args, self.env = script, args, dict(env or {})
        with closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        settings = ("--server.headless", "true", "--browser.gatherUsageStats", "false", "--server.port", str(self.port))
        quiet = ("--server.address", "127.0.0.1", "--server.fileWatcherType", "none", "--logger.level", "error")
        command = [sys.executable, "-m", "streamlit", "run", str(self.script), *settings, *quiet, "--", *self.args]
        # The script's own folder comes first on the path otherwise, and the repository not at all.
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", ""))))
        self.process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": path, **self.env})
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.script.name} ended with status {self.process.returncode} at its start")
            try:
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2):
                    return
            except (OSError, urllib.error.URLError):
                time.sleep(0.1)
        self.kill9()
        raise RuntimeError(f"{self.script.name} did not answer within {START_S} s")

    def kill9(self) -> None:
        """End it as a power cut would."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait(timeout=20)

    def restart(self) -> None:
        """Kill it where it runs, and start it again on the same port."""
        self.kill9()
        self.start()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Gives the browser; skips where playwright or chromium is missing."""
    if find_spec("playwright") is None:
        pytest.skip("playwright is not installed: pip install playwright")
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def served() -> Iterator[Callable[..., Served]]:
    """Starts servers: `served(script_path, *args, env=...)`; all of them are killed at the end."""
    started: list[Served] = []

    def start(script: Path, *args: str, env: Mapping[str, str] | None = None) -> Served:
        started.append(Served(script, *args, env=env))
        return started[-1]

    yield start
    for server in started:
        server.kill9()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    """Remember on the test whether it failed, for its fixtures."""
    outcome = yield
    report = outcome.get_result()
    if report.when == "call":
        item.stash[_failed] = report.failed


_failed = pytest.StashKey[bool]()


def shots_folder(tmp: Path) -> Path:
    """Where screenshots go: the folder that ALLABEL_TEST_SHOTS names, or a temporary one."""
    folder = Path(os.environ.get("ALLABEL_TEST_SHOTS") or tmp / "shots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    """The folder for screenshots."""
    return shots_folder(tmp_path)


@pytest.fixture
def page(chromium: Any, request: pytest.FixtureRequest, shots: Path) -> Iterator[Any]:
    """A page in a browser context of its own; a failing test leaves a picture of it."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    made = context.new_page()
    made.set_default_timeout(45_000)
    yield made
    if request.node.stash.get(_failed, False):
        name = re.sub(r"[^\w-]+", "_", request.node.name)
        for i, open_page in enumerate(context.pages):
            open_page.screenshot(path=shots / f"failed-{name}-{i}.png", full_page=True)
    context.close()


@pytest.fixture(scope="module")
def server(served: Callable[..., Served]) -> Served:
    """The span editor on a page of its own, one server for the tests of a file."""
    return served(SCRIPT)


@pytest.fixture
def case(server: Served, page: Any, tmp_path: Path) -> Case:
    """A case of the span editor, not shown yet."""
    return Case(tmp_path, server, page)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The project of salts, with two people and no text."""
    return make_salts(tmp_path / "salts")


@pytest.fixture
def worker(folder: Path, page: Any, served: Callable[..., Served], tmp_path: Path) -> Worker:
    """A person's page of the app on the folder, not signed in yet."""
    page.set_viewport_size({"width": 1400, "height": 900})
    return Worker(tmp_path, served(ENTRY, env=themed(folder)), page, KEYS)
