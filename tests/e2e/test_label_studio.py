"""The real Label Studio beside our server: what it draws is what we found, and what people do there is shown here.

Needs Label Studio in a virtual environment of its own (its pins are not ours), about 1 GB and some minutes:

    python -m venv /tmp/ls-venv && /tmp/ls-venv/bin/pip install label-studio
    LABEL_STUDIO_VENV=/tmp/ls-venv pytest -m e2e tests/e2e/test_label_studio.py

The start takes some minutes more, for Label Studio migrates an empty database. Nothing of it leaves the machine:
analytics, error reports and the look for a newer version are switched off.
"""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from socket import socket
from typing import Any

import httpx
import pytest

pytest.importorskip("fastapi", reason="the server is an extra: pip install 'allabel[server]'")
import served as ours

from allabel.project import Project
from allabel.schema import LabelSchema
from allabel.server.keys import Keys, Scope

pytestmark = [pytest.mark.e2e, pytest.mark.enable_socket]
START_S = 900
USER, PASSWORD, TOKEN = "tester@localhost.test", "for-this-test-alone", "0123456789abcdef" * 2 + "01234567"
OFF = {
    "COLLECT_ANALYTICS": "false",
    "SENTRY_DSN": "",
    "FRONTEND_SENTRY_DSN": "",
    "LATEST_VERSION_CHECK": "false",
    # Our server is on this machine, which Label Studio calls neither as a backend nor as a webhook otherwise.
    "ML_BLOCK_LOCAL_IP": "false",
    "SSRF_PROTECTION_ENABLED": "false",
    "SECRET_KEY": "for-this-test-alone",
}
# Before a sentence: beyond U+FFFF, joined, combining, tabs, markup, and line ends of both kinds.
STARTS = ("", "🧪 ", "👩‍🔬 Cafe\u0301\t𝛼𝛽 ", "<b>&amp;</b> 😀 ", "One line 🧪\nand ", "Another 🧪\r\nand ")
FIND = """([word]) => {
    const walker = document.createTreeWalker(document.querySelector('[class*=lsf-richtext]'), NodeFilter.SHOW_TEXT);
    for (let node; (node = walker.nextNode()); ) {
        const at = node.data.indexOf(word);
        if (at < 0) continue;
        const range = document.createRange();
        range.setStart(node, at);
        range.setEnd(node, at + word.length);
        const box = range.getBoundingClientRect();
        return [box.left + 1, box.top + box.height / 2, box.right - 1];
    }
}"""
DRAWN = """nodes => nodes.map(one => [one.className.match(/htx-highlight-(\\S+)/)[1], one.textContent,
    one.getAttribute('data-label')])"""


@dataclass
class Studio:
    """A Label Studio that runs, and one project in it with our server connected."""

    url: str
    api: httpx.Client
    folder: Path
    ours: httpx.Client
    key: str
    project: int = 0
    texts: dict[int, str] = field(default_factory=dict)

    def call(self, method: str, path: str, **kwargs: Any) -> Any:
        """Return the JSON of an answer that must be a good one."""
        answer = self.api.request(method, path, **kwargs)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None

    def add(self, *texts: str) -> list[int]:
        """Import texts; returns the ids of their tasks."""
        self.call("POST", f"/api/projects/{self.project}/import", json=[{"content": text} for text in texts])
        tasks = self.call("GET", "/api/tasks/", params={"project": self.project, "fields": "all", "page_size": 100})
        ids = {task["data"]["content"]: task["id"] for task in tasks["tasks"]}
        return [ids[text] for text in texts]

    def retrieve(self) -> None:
        """Let it retrieve predictions of all tasks, as its list of tasks offers."""
        everything = {"selectedItems": {"all": True, "excluded": []}}
        asked = {"id": "retrieve_tasks_predictions", "project": self.project}
        self.call("POST", "/api/dm/actions", params=asked, json=everything)

    def predictions(self, task: int) -> list[dict[str, Any]]:
        """Return what Label Studio keeps of our predictions for a task."""
        return self.call("GET", "/api/predictions/", params={"task": task, "project": self.project})

    def tagged(self, text: str) -> list[dict[str, Any]]:
        """Return the entities that our own address finds."""
        answer = self.ours.post("/v1/tag", json={"text": text})
        return answer.json()["documents"][0]["entities"]

    def shown(self, text: str) -> list[dict[str, Any]]:
        """Return the demonstrations with this text: one, or none."""
        found = self.ours.get("/v1/demonstrations", params={"limit": 1000}).json()["demonstrations"]
        return [one for one in found if one["text"] == text]


def wait_for(condition: Callable[[], bool], most_s: float, what: str) -> None:
    until = time.monotonic() + most_s
    while not condition():
        assert time.monotonic() < until, f"{what} took more than {most_s:g} s"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def label_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Starts the real Label Studio with an empty SQLite database; gives its address."""
    venv = os.environ.get("LABEL_STUDIO_VENV")
    if not venv or not (command := Path(venv) / "bin" / "label-studio").exists():
        made = "python -m venv DIR && DIR/bin/pip install label-studio"
        pytest.skip(f"LABEL_STUDIO_VENV names no virtual environment with Label Studio: {made}")
    with closing(socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("label-studio")
    where = ("--no-browser", "--internal-host", "127.0.0.1", "--port", str(port))
    who = ("--username", USER, "--password", PASSWORD, "--user-token", TOKEN, "--enable-legacy-api-token")
    env = {**os.environ, **OFF, "LABEL_STUDIO_BASE_DATA_DIR": str(folder)}
    url = f"http://127.0.0.1:{port}"
    with (folder / "log").open("wb") as log:
        started = [str(command), "start", *where, *who]
        process = subprocess.Popen(started, cwd=folder, env=env, stdout=log, stderr=subprocess.STDOUT)
        try:
            wait_for(lambda: process.poll() is not None or answers(url), START_S, "the start of Label Studio")
            assert process.poll() is None, (folder / "log").read_text(encoding="utf-8")[-3000:]
            yield url
        finally:
            process.terminate()
            process.wait(timeout=30)


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module")
def studio(label_studio: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A project there with tasks of difficult characters, our server as its ML backend, and the webhook's key set."""
    folder = ours.taught(tmp_path_factory.mktemp("ours") / "p")
    with Project.open(folder) as project:
        _, key = Keys(project.store).add("label-studio", [Scope.TAG, Scope.READ, Scope.ANNOTATE])
    labels = "".join(f'<Label value="{name}"/>' for name in LabelSchema.read(folder / "labels.toml").names)
    config = f'<View><Labels name="tags" toName="body">{labels}</Labels><Text name="body" value="$content"/></View>'
    texts = [start + one.text for start, one in zip(STARTS * 2, ours.sentences("test", 12), strict=True)]
    with (
        ours.served(folder) as address,
        httpx.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=60) as own,
        httpx.Client(base_url=label_studio, headers={"Authorization": f"Token {TOKEN}"}, timeout=120) as api,
    ):
        made = Studio(label_studio, api, folder, own, key)
        made.project = made.call("POST", "/api/projects/", json={"title": "Reagents", "label_config": config})["id"]
        made.texts = dict(zip(made.add(*texts), texts, strict=True))
        wanted = {"url": f"{address}/label-studio", "project": made.project, "title": "allabel"}
        refused = api.post("/api/ml/", json=wanted)
        assert refused.status_code == 400
        assert "authentication parameters" in refused.text
        basic = {"auth_method": "BASIC_AUTH", "basic_auth_user": "label-studio", "basic_auth_pass": key}
        assert made.call("POST", "/api/ml/", json=wanted | basic)["readable_state"] == "Connected"
        # Label Studio makes the webhook by itself, but without a key.
        (hook,) = made.call("GET", "/api/webhooks/", params={"project": made.project})
        assert hook["url"] == f"{address}/label-studio/webhook"
        header = {"headers": {"Authorization": f"Bearer {key}"}}
        made.call("PATCH", f"/api/webhooks/{hook['id']}/", json=header)
        made.retrieve()
        yield made


@pytest.fixture
def signed_in(studio: Studio, page: Any) -> Any:
    """A page of the browser that is signed in there, and reaches nothing else."""
    local = (studio.url, "data:", "blob:")
    page.context.route("**/*", lambda r: r.continue_() if r.request.url.startswith(local) else r.abort())
    page.set_default_timeout(60_000)
    page.set_viewport_size({"width": 1500, "height": 900})
    page.goto(f"{studio.url}/user/login/")
    page.fill("input[name=email]", USER)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "login" not in url)
    return page


def values(result: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(r["value"]["start"], r["value"]["end"], r["value"]["text"], *r["value"]["labels"]) for r in result]


def test_predictions_kept_there_equal_ours_offset_by_offset(studio: Studio) -> None:
    n = 0
    for task, text in studio.texts.items():
        (kept,) = studio.predictions(task)
        found = studio.tagged(text)
        assert values(kept["result"]) == [(e["start"], e["end"], e["text"], e["label"]) for e in found]
        assert [r["score"] for r in kept["result"]] == [e["score"] for e in found]
        assert kept["score"] == pytest.approx(min((e["score"] for e in found), default=0)) or not found
        assert kept["model_version"].endswith(" 40 texts")
        n += sum(any(c > "\uffff" for c in text[: e["start"]]) for e in found)
    assert n >= 10, "entities after characters beyond U+FFFF were to be compared"


def test_drawn_regions_cover_the_characters_that_we_found(studio: Studio, signed_in: Any, shots: Path) -> None:
    n = 0
    for task, text in list(studio.texts.items())[:6]:
        found = studio.tagged(text)
        signed_in.goto(f"{studio.url}/projects/{studio.project}/data?task={task}")
        signed_in.wait_for_selector(".htx-highlight" if found else "[class*=lsf-richtext]")
        signed_in.wait_for_timeout(1000)
        drawn: dict[str, list[str]] = {}
        for id, part, _ in signed_in.eval_on_selector_all(".htx-highlight", DRAWN):
            drawn.setdefault(id, []).append(part)
        signed_in.screenshot(path=shots / f"label-studio-{task}.png")
        assert sorted("".join(parts) for parts in drawn.values()) == sorted(e["text"] for e in found)
        n += len(found)
    assert n >= 6


def test_a_region_drawn_by_hand_and_submitted_is_a_demonstration_with_our_offsets(
    studio: Studio, signed_in: Any, shots: Path
) -> None:
    text = "🧪 Cafe\u0301 👩‍🔬\r\n𝛼: Frobnol and zorblaxine were mixed."
    (task,) = studio.add(text)
    signed_in.goto(f"{studio.url}/projects/{studio.project}/data?task={task}")
    signed_in.wait_for_selector("[class*=lsf-richtext__line]")
    signed_in.wait_for_timeout(1500)
    signed_in.keyboard.press("1")
    left, middle, right = signed_in.evaluate(FIND, ["zorblaxine"])
    signed_in.mouse.move(left, middle)
    signed_in.mouse.down()
    signed_in.mouse.move((left + right) / 2, middle, steps=5)
    signed_in.mouse.move(right, middle, steps=5)
    signed_in.mouse.up()
    signed_in.wait_for_timeout(500)
    signed_in.screenshot(path=shots / "label-studio-drawn.png")
    with signed_in.expect_response(lambda r: "/annotations" in r.url and r.request.method == "POST") as answered:
        signed_in.get_by_role("button", name="Submit").click()
    submitted = answered.value.json()["result"]
    wait_for(lambda: bool(studio.shown(text)), 20, "the webhook")
    (demonstration,) = studio.shown(text)
    entities = demonstration["entities"]
    assert sorted((e["start"], e["end"], e["label"]) for e in entities) == sorted(
        (start, end, label) for start, end, _, label in values(submitted)
    )
    assert "zorblaxine" in [text[e["start"] : e["end"]] for e in entities]


def test_an_annotation_through_its_api_is_a_demonstration_at_once_and_its_change_too(studio: Studio) -> None:
    task, text = list(studio.texts.items())[1]
    (kept,) = studio.predictions(task)[:1]
    first = kept["result"]
    made = studio.call("POST", f"/api/tasks/{task}/annotations/", json={"result": first, "lead_time": 2.5})
    wait_for(lambda: bool(studio.shown(text)), 20, "the webhook")
    wanted = [(start, end, label) for start, end, _, label in values(first)]
    assert [(e["start"], e["end"], e["label"]) for e in studio.shown(text)[0]["entities"]] == wanted
    studio.call("PATCH", f"/api/annotations/{made['id']}/", json={"result": first[:1]})
    wait_for(lambda: len(studio.shown(text)[0]["entities"]) == 1, 20, "the webhook of the change")
    with Project.open(studio.folder) as project:
        history = project.store.history(studio.shown(text)[0]["id"])
    assert [(len(one.entities), one.author) for one in history] == [
        (len(first), "label-studio"),
        (1, "label-studio"),
    ]


def test_with_live_predictions_the_next_task_is_predicted_from_what_was_confirmed(studio: Studio) -> None:
    live = {"model_version": "allabel", "show_collab_predictions": True}
    studio.call("PATCH", f"/api/projects/{studio.project}/", json=live)
    n = studio.ours.get("/v1/demonstrations", params={"limit": 1}).json()["n"]
    following = studio.call("GET", f"/api/projects/{studio.project}/next")
    (shown,) = following["predictions"]
    assert shown["model_version"].endswith(f" {n} texts")
    found = studio.tagged(following["data"]["content"])
    assert values(shown["result"]) == [(e["start"], e["end"], e["text"], e["label"]) for e in found]


def test_a_text_that_cannot_be_tagged_has_no_prediction_and_takes_none_from_the_others(studio: Studio) -> None:
    short = "MOF-5 was dried at 125 °C."
    long, beside = studio.add("x " * 50_001, short)
    studio.retrieve()
    assert studio.predictions(long) == []
    (kept,) = studio.predictions(beside)
    assert values(kept["result"]) == [(e["start"], e["end"], e["text"], e["label"]) for e in studio.tagged(short)]
