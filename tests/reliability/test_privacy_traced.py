"""Every connection of every command and of both servers, as the system sees it; and what is left behind by them."""

import importlib.util
import json
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from faulty_server import FaultyServer
from served import free_port
from watched import CANARY, KEY, TEXTS, Watched, holding, ours, traced, traced_places

from allabel.people.accounts import Accounts
from allabel.people.roles import Role
from allabel.project import Project
from allabel.schema import LabelSchema
from allabel.server.keys import Keys, Scope

pytestmark = [pytest.mark.slow, pytest.mark.enable_socket]
PASSWORD = f"{CANARY} copper tin"
START_S = 300.0


def gold(path: Path) -> Path:
    entity = {"start": 0, "end": len(CANARY), "label": "Reagent"}
    rows = [{"id": f"t{n}", "text": text, "entities": [entity]} for n, text in enumerate(TEXTS)]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path / "watched", OPENAI_API_KEY=KEY)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with everything in it that is to stay in it: annotated texts, queued ones, a person, a key."""
    from allabel.formats.registry import read_documents

    source = gold(tmp_path / "gold.jsonl")
    with Project.create(tmp_path / "project", LabelSchema.of(["Reagent"])) as project:
        records = [*read_documents(source)]
        project.import_records(records[:15], source, "annotations")
        project.import_records(records[15:], source, "gold")
        project.select("10", "uniform")
        Accounts(project.store).add("ada", Role.ADMIN, PASSWORD)
    return tmp_path / "project"


def needs(*packages: str) -> None:
    for one in packages:
        if importlib.util.find_spec(one) is None:
            pytest.skip(f"{one} is not installed")


def says_nothing(watched: Watched, tmp_path: Path, *arguments: object) -> set[tuple[str, int]]:
    """Run a command under strace; it must do its work, and leave and tell no canary. Returns what it addressed."""
    trace = tmp_path / "trace"
    ended = watched.run(traced(ours(*arguments), trace))
    assert ended.returncode == 0, ended.stderr
    assert CANARY not in ended.stderr
    assert KEY not in ended.stderr + ended.stdout
    assert not watched.left()
    return traced_places(trace)


def test_strace_sees_an_address_and_a_look_up(watched: Watched, tmp_path: Path) -> None:
    code = "import socket; s = socket.socket(); s.settimeout(1); s.connect_ex(('127.0.0.7', 9)); s.close()"
    look = (
        "import contextlib, socket\nwith contextlib.suppress(OSError): socket.getaddrinfo('no.such.name.invalid', 80)"
    )
    for n, program in enumerate((code, look)):
        out = tmp_path / f"trace-{n}"
        watched.run(traced([ours()[0], "-c", program], out))
        assert traced_places(out), program


@pytest.mark.parametrize(
    "command",
    [
        ("import", "GOLD"),
        ("select", "--budget", "3", "--more"),
        ("status",),
        ("doctor",),
        ("map", "-o", "OUT.html"),
        ("tag", "--rest", "-o", "OUT.jsonl"),
        ("export", "OUT.jsonl"),
        ("convert", "GOLD", "OUT"),
        ("finetune", "--tagger", "crf"),
    ],
    ids=" ".join,
)
def test_a_command_without_a_server_addresses_nobody(
    command: tuple[str, ...], watched: Watched, folder: Path, tmp_path: Path
) -> None:
    told = [one.replace("GOLD", str(tmp_path / "gold.jsonl")).replace("OUT", str(tmp_path / "out")) for one in command]
    if command[0] == "convert":
        needs("datasets")
        told += ["--to", "huggingface"]
    assert says_nothing(watched, tmp_path, "-p", folder, *told) == set()


def test_a_fine_tuned_encoder_and_embeddings_from_a_folder_address_nobody(
    watched: Watched, folder: Path, tmp_path: Path, minilm_folder: Path
) -> None:
    needs("torch", "transformers")
    tuning = ["finetune", "--encoder", minilm_folder, "--epochs", "1"]
    assert says_nothing(watched, tmp_path, "-p", folder, *tuning) == set()
    tagging = ["tag", "--rest", "--backend", "tuned", "-o", tmp_path / "tuned.jsonl"]
    assert says_nothing(watched, tmp_path, "-p", folder, *tagging) == set()
    watched.env["ALLABEL_ENCODER"] = str(minilm_folder)
    tagging = ["tag", "--rest", "--retriever", "dense", "-o", tmp_path / "dense.jsonl"]
    assert says_nothing(watched, tmp_path, "-p", folder, *tagging) == set()


def test_texts_go_to_the_server_that_was_named_and_its_answers_are_quoted_nowhere(
    watched: Watched, folder: Path, tmp_path: Path
) -> None:
    with FaultyServer(lambda text, n: "400-quote" if n % 2 else "") as server:
        parts = urlsplit(server.url)
        trace, out = tmp_path / "trace", tmp_path / "out.jsonl"
        tag = ["tag", "--rest", "-o", out, "--backend", "chat", "--base-url", server.url, "--model", "m"]
        ended = watched.run(traced(ours("-p", folder, *tag), trace))
    assert server.requests
    assert traced_places(trace) == {(str(parts.hostname), int(parts.port or 0))}
    assert CANARY not in ended.stderr
    assert KEY not in ended.stderr + ended.stdout
    assert not watched.left()
    assert not [*holding((folder,), [KEY])]


@contextmanager
def running(program: list[str], watched: Watched, log: Path, ready: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A server under strace; ends what strace began when it is over."""
    with log.open("wb") as said, subprocess.Popen(program, env=watched.env, stdout=said, stderr=said) as process:
        until = time.monotonic() + START_S
        try:
            while True:
                try:
                    if httpx.get(ready).status_code == httpx.codes.OK:
                        break
                except httpx.TransportError:
                    pass
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < until, log.read_text()
                time.sleep(0.2)
            yield process
        finally:
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            for one in children:
                subprocess.run(["kill", f"-{signal.SIGINT.value}", one], check=False)


def test_the_server_addresses_nobody_and_tells_nothing_of_texts_and_keys(
    watched: Watched, folder: Path, tmp_path: Path
) -> None:
    with Project.open(folder) as project:
        _, key = Keys(project.store).add("lab", list(Scope))
    port, log, trace = free_port(), tmp_path / "log", tmp_path / "trace"
    program = traced(ours("-p", folder, "serve", "--port", port), trace)
    url = f"http://127.0.0.1:{port}"
    with running(program, watched, log, f"{url}/readyz"), httpx.Client(base_url=url, timeout=60) as api:
        api.headers["Authorization"] = f"Bearer {key}"
        assert api.post("/v1/tag", json={"texts": TEXTS}).status_code == httpx.codes.OK
        confirmed = {"text": f"{CANARY} is new", "entities": [{"start": 0, "end": len(CANARY), "label": "Reagent"}]}
        assert api.post("/v1/annotations", json={"documents": [confirmed]}).status_code == httpx.codes.CREATED
        wrong = {"text": TEXTS[0], "labels": [CANARY]}
        assert api.post("/v1/tag", json=wrong).status_code == httpx.codes.UNPROCESSABLE_ENTITY
        assert api.get(f"/{CANARY}", params={"q": CANARY}).status_code == httpx.codes.NOT_FOUND
        stranger = {"Authorization": f"Bearer alb_x_{KEY}"}
        assert api.get("/v1/labels", headers=stranger).status_code == httpx.codes.UNAUTHORIZED
        figures = api.get("/metrics").text
        listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    told = log.read_text(encoding="utf-8") + figures + listed
    for canary in (CANARY, KEY, key, key.split("_")[2]):
        assert canary not in told
    assert traced_places(trace) == set()
    assert not watched.left()
    assert not [*holding((folder,), [key.split("_")[2], KEY])]


def test_the_page_asks_its_own_server_alone_and_nothing_is_left_of_a_password(
    watched: Watched, folder: Path, tmp_path: Path
) -> None:
    needs("streamlit", "playwright")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    port, log, trace = free_port(), tmp_path / "log", tmp_path / "trace"
    program = traced(ours("-p", folder, "app", "--port", port, "--no-browser"), trace)
    url, asked = f"http://localhost:{port}", set[str]()
    with running(program, watched, log, f"{url}/_stcore/health"), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context()
        context.on("request", lambda request: asked.add(request.url))
        page = context.new_page()
        page.on("websocket", lambda socket: asked.add(socket.url))
        page.set_default_timeout(120_000)
        annotate(page, url)
        browser.close()
    hosts = {(urlsplit(one).scheme, urlsplit(one).netloc) for one in asked if not one.startswith(("data:", "blob:"))}
    assert hosts <= {("http", f"localhost:{port}"), ("ws", f"localhost:{port}")}
    told = log.read_text(encoding="utf-8")
    assert CANARY not in told
    assert KEY not in told
    assert traced_places(trace) == set()
    assert not watched.left()
    assert not [*holding((folder,), [PASSWORD, KEY])]


def annotate(page: Any, url: str) -> None:
    """Sign in, first with a wrong password, save a text, look at every page, sign out."""
    page.goto(url)
    for password in (f"{CANARY} wrong", PASSWORD):
        page.get_by_role("textbox", name="Name", exact=True).fill("ada")
        page.get_by_role("textbox", name="Password", exact=True).fill(password)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.locator(".se[data-ready=true], [data-testid=stAlert]").first.wait_for()
    page.wait_for_selector(".se[data-ready=true][data-locked=false]")
    first = page.locator(".se").get_attribute("data-doc")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    page.wait_for_function("(id) => document.querySelector('.se')?.dataset.doc !== id", arg=first)
    for name in ("Review", "Questions", "Tag", "Compare", "Export", "Select", "People", "Start"):
        page.get_by_role("link", name=name, exact=True).click()
        page.get_by_role("heading", level=1).first.wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("textbox", name="Password", exact=True).wait_for()
