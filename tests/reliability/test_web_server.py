"""`allabel serve` before strangers: every address asks for its scope, pages of other origins get in nowhere."""

import http.client
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from served import free_port, served, taught

from allabel.project import Project
from allabel.server.app import make_app
from allabel.server.keys import Keys, Scope

pytestmark = pytest.mark.enable_socket
# What is told to anybody: that there is a server, whether it can work, and what it can be asked.
PUBLIC = {"/healthz", "/readyz", "/openapi.json"}
SAFE = {
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}
TEXT = {"json": {"text": "NaCl in water"}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return taught(tmp_path_factory.mktemp("web") / "keyed", 20)


@pytest.fixture(scope="module")
def tokens(folder: Path) -> dict[Scope, str]:
    with Project.open(folder) as project:
        return {scope: Keys(project.store).add(scope.value, [scope])[1] for scope in Scope}


@pytest.fixture(scope="module")
def keyed(folder: Path, tokens: dict[Scope, str]) -> Iterator[str]:
    with served(folder, serve={"max_body_mb": 0.25, "max_texts": 4}) as url:
        yield url


@pytest.fixture(scope="module")
def keyless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(taught(tmp_path_factory.mktemp("web") / "open", 20)) as url:
        yield url


def every_address(folder: Path) -> list[tuple[str, str]]:
    """Return method and path of every address that the application answers at, hidden ones too."""
    app = make_app(folder, {})
    app.state.service.project.close()
    found = set()

    def walk(routes: list, prefix: str = "") -> None:
        for route in routes:
            path = prefix + getattr(route, "path", "")
            inner = getattr(route, "routes", None) or getattr(getattr(route, "original_router", None), "routes", None)
            if inner:
                walk(inner, path)
            found.update((method, path) for method in getattr(route, "methods", None) or ())

    walk(app.routes)
    for path, methods in app.openapi()["paths"].items():
        found.update((method.upper(), path) for method in methods)
    return sorted((m, p) for m, p in found if m not in ("HEAD", "OPTIONS"))


def test_each_address_opens_for_one_scope_and_for_nobody_without_a_key(keyed, folder, tokens):
    """A new address without a scope fails here, unless somebody writes it into PUBLIC."""
    addresses = every_address(folder)
    assert len(addresses) >= 18, addresses
    with httpx.Client(base_url=keyed, timeout=60) as api:
        for method, path in addresses:
            at = re.sub(r"\{.*?\}", "0" * 32, path)
            body = {} if method in ("GET", "DELETE") else {"json": {}}
            nobody = api.request(method, at, **body)
            if path in PUBLIC:
                assert nobody.status_code == 200, (path, nobody.text)
                continue
            assert nobody.status_code == 401, (method, path, nobody.status_code)
            opened = [
                scope
                for scope, token in tokens.items()
                if api.request(method, at, headers={"Authorization": f"Bearer {token}"}, **body).status_code != 403
            ]
            assert len(opened) == 1, (method, path, opened)


def test_every_answer_says_what_browsers_may_do_with_it_and_not_what_made_it(keyed, tokens):
    with httpx.Client(base_url=keyed, timeout=60) as api:
        headers = {"Authorization": f"Bearer {tokens[Scope.TAG]}"}
        answers = [
            api.get("/healthz"),
            api.get("/nothing/here"),
            api.get("/openapi.json"),
            api.post("/v1/tag", **TEXT),
            api.post("/v1/tag", headers=headers, **TEXT),
            api.post("/v1/tag", headers=headers, content=b"x" * 300_000),
            api.post("/v1/tag/stream", headers=headers, content=b'{"text": "NaCl"}\n'),
        ]
    assert [one.status_code for one in answers] == [200, 404, 200, 401, 200, 413, 200]
    for one in answers:
        assert {name: one.headers.get(name) for name in SAFE} == SAFE, one.url
        assert "x-powered-by" not in one.headers


def test_the_command_serves_without_saying_what_it_is_made_of(tmp_path):
    folder, port = taught(tmp_path / "p", 3), free_port()
    program = "from allabel.cli import main; main()"
    command = [sys.executable, "-c", program, "-p", str(folder), "serve", "--port", str(port)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            until = time.monotonic() + 120
            while True:
                try:
                    answer = httpx.get(f"http://127.0.0.1:{port}/healthz")
                    break
                except httpx.TransportError:
                    assert process.poll() is None, "the server ended"
                    assert time.monotonic() < until
                    time.sleep(0.2)
            with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
                connection.sendall(b"\x16\x03\x01 no HTTP\r\n\r\n")
                garbled = connection.recv(1000)
        finally:
            process.terminate()
    assert answer.status_code == 200
    assert not {"server", "x-powered-by"} & set(answer.headers)
    assert garbled.startswith(b"HTTP/1.1 400")
    assert b"Traceback" not in garbled


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/v1/tag", "/v1/annotations", "/v1/jobs", "/label-studio/webhook"])
def test_a_page_of_another_origin_changes_nothing(keyless, keyed, tokens, path, headers):
    body = {"documents": [{"text": "planted", "entities": []}]} if path == "/v1/annotations" else {"text": "planted"}
    answer = httpx.post(keyless + path, json=body, headers=headers, timeout=60)
    assert answer.status_code == 403
    assert "another origin" in answer.json()["detail"]
    # A browser that remembers a key as a password sends it along.
    password = httpx.BasicAuth("x", tokens[Scope.ANNOTATE])
    assert httpx.post(keyed + path, json=body, headers=headers, auth=password, timeout=60).status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_a_page_of_the_servers_own_origin_may_ask(keyless):
    answer = httpx.post(f"{keyless}/v1/tag", **TEXT, headers={"Origin": keyless, "Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 200


def test_a_form_of_another_page_is_no_request(keyless):
    """What a browser sends without asking first: a form, or text; neither is read as JSON."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        body = b'{"documents": [{"text": "planted", "entities": []}]}'
        headers = {"Content-Type": kind} if kind else {}
        answer = httpx.post(f"{keyless}/v1/annotations", content=body, headers=headers, timeout=60)
        assert answer.status_code in (415, 422), (kind, answer.status_code)
    assert "planted" not in httpx.get(f"{keyless}/v1/demonstrations", params={"limit": 1000}).text


def test_a_browser_that_asks_first_is_told_no(keyless):
    wants = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = httpx.options(f"{keyless}/v1/tag", headers=wants)
    assert answer.status_code == 405
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8200", "127.0.0.1.evil.example", "localhost.evil", "[", ""]
)
def test_a_name_that_was_made_to_point_here_opens_nothing_where_nobody_needs_a_key(keyless, host):
    answer = httpx.get(f"{keyless}/v1/labels", headers={"Host": host})
    assert answer.status_code in (400, 403), answer.text


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8200", "127.0.0.1", "127.1.2.3:80", "[::1]:8200", "a.localhost"]
)
def test_this_machines_own_names_open_what_nobody_needs_a_key_for(keyless, host):
    assert httpx.get(f"{keyless}/v1/labels", headers={"Host": host}).status_code == 200


def test_with_a_key_the_name_does_not_matter(keyed, tokens):
    headers = {"Host": "ner.example.org", "Authorization": f"Bearer {tokens[Scope.READ]}"}
    assert httpx.get(f"{keyed}/v1/labels", headers=headers).status_code == 200


def test_what_the_server_waits_for_is_told_to_those_with_a_key(tmp_path):
    """It may name addresses of the inside."""
    folder = taught(tmp_path / "p", 3)
    with Project.open(folder) as project:
        token = Keys(project.store).add("lab", [Scope.METRICS])[1]
    inside = "http://127.0.0.1:9/v1"
    with served(folder, wait=False, backend="chat", base_url=inside, model="m") as url:
        stranger = httpx.get(f"{url}/readyz")
        assert stranger.status_code == 503
        assert "127.0.0.1" not in stranger.text
        assert "model" not in stranger.text
        assert "model" in httpx.get(f"{url}/readyz", headers={"Authorization": f"Bearer {token}"}).text


@pytest.mark.parametrize(
    "path",
    [
        "/v1/jobs/../../../../etc/passwd/result",
        "/v1/jobs/..%2f..%2f..%2fetc%2fpasswd/result",
        "/v1/jobs/%2e%2e%2fproject.db",
        "/v1/jobs/" + "0" * 31 + "%00",
        "/..%5c..%5cproject.db",
        "//etc/passwd",
        "/label-studio/../../allabel.toml",
    ],
)
def test_a_path_that_climbs_leads_nowhere(keyless, path):
    """Sent as it stands: httpx would tidy it."""
    port = int(keyless.rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.putrequest("GET", path, skip_host=False)
    connection.endheaders()
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    assert answer.status in (400, 404, 422), (path, said)
    assert b"root:" not in said
    assert b"SQLite" not in said


def test_ids_that_look_like_paths_are_kept_as_ids_and_touch_no_file(keyless, tmp_path):
    ids = ["../../outside", "/tmp/outside", "..\\outside", "C:\\outside", "~/outside"]
    documents = [{"id": id, "text": f"NaCl {n}", "entities": []} for n, id in enumerate(ids)]
    assert httpx.post(f"{keyless}/v1/annotations", json={"documents": documents}).json()["ids"] == ids
    assert not list(Path("/tmp").glob("outside*"))


def test_a_body_beyond_the_limit_is_refused_before_it_is_read_however_it_says_its_length(keyed, tokens):
    key = {"Authorization": f"Bearer {tokens[Scope.TAG]}"}
    big = json.dumps({"text": "x" * 300_000}).encode()
    with httpx.Client(base_url=keyed, timeout=60, headers=key) as api:
        declared = api.post("/v1/tag", content=big, headers={"Content-Type": "application/json"})
        parts = (big[at : at + 65536] for at in range(0, len(big), 65536))
        chunked = api.post("/v1/tag", content=parts, headers={"Content-Type": "application/json"})
        assert (declared.status_code, chunked.status_code) == (413, 413)
        assert api.post("/v1/tag", json={"texts": ["NaCl"] * 5}).status_code == 413
    # Said to be 10 GB: answered without a byte of it.
    port = int(keyed.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        head = f"POST /v1/tag HTTP/1.1\r\nHost: localhost\r\nContent-Length: {10 * 2**30}\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 413")


def test_an_error_nobody_foresaw_tells_a_number_and_neither_paths_nor_code(tmp_path, monkeypatch, caplog):
    secret = "/srv/secret/place"

    def broken(*_: object) -> None:
        raise RuntimeError(f"cannot open {secret}/project.db")

    folder = taught(tmp_path / "p", 5)
    with served(folder) as url:
        monkeypatch.setattr("allabel.server.service.Service.check", broken)
        answer = httpx.post(f"{url}/v1/tag", **TEXT, timeout=60)
    assert answer.status_code == 500
    for told in (secret, "Traceback", "RuntimeError", str(folder), ".py"):
        assert told not in answer.text
    assert answer.headers["x-request-id"] in answer.json()["detail"]
    assert answer.headers["x-request-id"] in caplog.text


def test_a_caller_names_no_address_and_no_code_of_their_choice(keyless):
    """base_url and module:Class are the operator's: a request that brings them is refused."""
    for options in (
        {"base_url": "http://169.254.169.254/latest/meta-data"},
        {"backend": "http://169.254.169.254/"},
        {"backend": "os:system"},
        {"backend": "tuned"},
        {"retriever": "os:system"},
        {"webhook": "http://169.254.169.254/"},
        {"model": "x"},
    ):
        answer = httpx.post(f"{keyless}/v1/tag", json={"text": "NaCl", **options}, timeout=60)
        assert answer.status_code == 422, options
        job = httpx.post(f"{keyless}/v1/jobs", json={"text": "NaCl", **options}, timeout=60)
        assert job.status_code == 422, options


def test_what_a_task_or_a_webhook_names_is_never_fetched(keyless):
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.settimeout(0.5)
        trap = f"http://127.0.0.1:{listening.getsockname()[1]}/trap"
        config = (
            f'<!DOCTYPE x [<!ENTITY t SYSTEM "{trap}">]><View><Labels name="label" toName="text">'
            '<Label value="Chemical"/></Labels><Text name="text" value="$text"/>&t;</View>'
        )
        plain = config.partition("]>")[2].replace("&t;", "")
        for label_config in (config, plain):
            body = {"tasks": [{"id": 1, "data": {"text": trap}}], "label_config": label_config, "hostname": trap}
            httpx.post(f"{keyless}/label-studio/predict", json=body, timeout=60)
            httpx.post(f"{keyless}/label-studio/setup", json={"schema": label_config, "hostname": trap}, timeout=60)
        httpx.post(f"{keyless}/v1/tag", json={"text": trap}, timeout=60)
        with pytest.raises(TimeoutError):
            listening.accept()


def test_entities_that_grow_in_a_labelling_configuration_are_refused(keyless):
    grown = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    config = (
        f'<!DOCTYPE x [<!ENTITY e0 "NaCl">{grown}]><View><Labels name="l" toName="t"><Label value="&e9;"/></Labels>'
        '<Text name="t" value="$text"/></View>'
    )
    answer = httpx.post(f"{keyless}/label-studio/setup", json={"schema": config}, timeout=20)
    assert answer.status_code == 422, answer.text
