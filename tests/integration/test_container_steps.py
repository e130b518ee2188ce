"""The Dockerfile, compose.yaml and their guide: read, and carried out by hand where there is no container engine.

What the files say of users, capabilities, read-only roots, volumes, secrets and health holds for what runs here.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import time
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from container_steps import ROOT, Machine, Stage, build, context, filled, instructions, is_ignored, shell
from postgres import binary

yaml = pytest.importorskip("yaml", reason="compose.yaml is read with PyYAML")

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
GUIDE = (ROOT / "docs/how-to/containers.md").read_text(encoding="utf-8")
START_S = 120
PASSWORD = "pass word/with $igns"
ASK = """
import json, sys, urllib.error, urllib.request
url, key, *body = sys.argv[1:]
headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
request = urllib.request.Request(url, body[0].encode() if body else None, headers)
try:
    answer = urllib.request.urlopen(request, timeout=30)
except urllib.error.HTTPError as error:
    answer = error
print(json.dumps([answer.status, answer.read().decode()]))
"""
# What a browser does when it opens the app: the script runs, and sends what it draws.
OPEN = """
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect
opened = BackMsg()
opened.rerun_script.SetInParent()
with connect("ws://app:8501/_stcore/stream", subprotocols=["streamlit"], proxy=None) as line:
    line.send(opened.SerializeToString())
    kind = None
    while kind != "script_finished":
        said = ForwardMsg.FromString(line.recv(timeout=60))
        kind = said.WhichOneof("type")
        print(said)
"""


def test_only_app_and_server_are_published_and_only_on_this_machine() -> None:
    published = {name: filled(port, {}) for name, service in SERVICES.items() for port in service.get("ports", ())}
    assert published == {"server": "127.0.0.1:8200:8200", "app": "127.0.0.1:8501:8501"}
    assert SERVICES["db"]["networks"] == ["database"]
    assert COMPOSE["networks"]["database"] == {"internal": True}
    exposed = next(rest for word, rest in instructions() if word == "EXPOSE")
    assert set(exposed.split()) == {port.rpartition(":")[2] for port in published.values()}


def test_the_model_starts_with_its_profile_alone_and_is_the_one_that_is_asked() -> None:
    assert [name for name, service in SERVICES.items() if service.get("profiles")] == ["vllm"]
    assert not any("vllm" in service.get("depends_on", ()) for service in SERVICES.values())
    for values in ({}, {"ALLABEL_MODEL": "a/b"}):
        asked = filled(SERVICES["server"]["environment"]["ALLABEL_MODEL"], values)
        assert filled(SERVICES["vllm"]["command"][0], values) == asked
    assert filled(SERVICES["server"]["environment"]["ALLABEL_BASE_URL"], {}) == "http://vllm:8000/v1"
    assert "--port=8000" in SERVICES["vllm"]["command"]


def test_no_service_may_gain_rights_and_ours_cannot_write_their_root() -> None:
    for service in SERVICES.values():
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "cap_add" not in service
    assert all(SERVICES[name]["read_only"] for name in ("app", "server", "db"))


def test_no_password_stands_in_the_files_or_reaches_the_image() -> None:
    for service in SERVICES.values():
        for name, value in service["environment"].items():
            assert "PASSWORD" not in name or name.endswith("_FILE")
            assert not re.search(r"://[^/@]*:[^/@]*@", value)
    for kept_out in (
        "secrets/postgres_password",
        ".env",
        ".git/config",
        "demo/project.db",
        "app/.streamlit/secrets.toml",
    ):
        assert is_ignored(kept_out)


def test_the_image_is_built_of_what_the_wheel_is_made_of() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    copied = {source for word, rest in instructions() if word == "COPY" for source in rest.split()[:-1]}
    assert set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) <= copied
    tracked = {"allabel/py.typed", "eval/demo/data/pool.jsonl", "app/entry/icon.svg"}
    assert tracked <= {f"{source}/{name}" for source in ("allabel", "app", "eval") for name in context(source)}
    assert {"build.txt", "container.txt"} <= set(context("locked"))
    extras = next(rest for word, rest in instructions() if word == "ARG" and rest.startswith("EXTRAS=")).partition("=")[
        2
    ]
    assert set(extras.split(",")) <= set(project["project"]["optional-dependencies"])
    base = next(rest for word, rest in instructions() if word == "ARG").partition("=")[2]
    arguments = SERVICES["server"]["build"]["args"]
    assert (filled(arguments["PYTHON_IMAGE"], {}), filled(arguments["EXTRAS"], {})) == (base, extras)


class Composed:
    """The services of compose.yaml on a machine; `run` is `docker compose run --rm`, `up` starts what stays."""

    def __init__(self, machine: Machine, image: Stage, secrets: Path, database: Path) -> None:
        self.machine, self.image, self._secrets, self._database = machine, image, secrets, database
        hosts = f"127.0.0.1 localhost {' '.join(SERVICES)}\n"
        machine.run("sh", "-c", 'rm -f "$0" && cat > "$0"', f"{image.root}/etc/hosts", given=hosts.encode())
        self._roots = {name: self._mounted(name) for name in ("server", "app")}

    def _mounted(self, name: str) -> Path:
        """Give a service a view of the image with its volumes, secrets and folders in memory."""
        service, run, view = SERVICES[name], self.machine.run, self.machine.work / f"view-{name}"
        run("mkdir", "-p", view, f"{self.image.root}/run/secrets")
        run("mount", "--rbind", self.image.root, view)
        for secret in service["secrets"]:
            file = filled(COMPOSE["secrets"][secret]["file"], {"ALLABEL_SECRETS": str(self._secrets)})
            run("touch", f"{self.image.root}/run/secrets/{secret}")
            run("mount", "--bind", file, view / "run/secrets" / secret)
        if service["read_only"]:
            # What stands in for the base's Python is a mount of its own, and has to be closed as well.
            for part in (view, view / "usr/local"):
                run("sh", "-c", 'mountpoint -q "$0" && mount -o remount,ro,bind "$0" || true', part)
        for folder in service["tmpfs"]:
            run("mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", f"{view}{folder}")
        for volume, _, target in (entry.partition(":") for entry in service["volumes"]):
            kept = self.machine.work / "volumes" / volume
            # A new volume takes over what the image has at its place, and whose that is.
            run(
                "sh",
                "-c",
                '[ -d "$0" ] || { mkdir -p "${0%/*}" && cp -a "$1" "$0"; }',
                kept,
                f"{self.image.root}{target}",
            )
            run("mount", "--bind", kept, f"{view}{target}")
        return view

    def command(self, name: str, *arguments: str, entrypoint: list[str] | None = None) -> list[str]:
        """The command that runs a service with these arguments, in place of its own."""
        service, image = SERVICES[name], self.image
        env = image.env | {key: filled(value, {}) for key, value in service["environment"].items()}
        entry = [filled(part, {}) for part in service["entrypoint"]] if entrypoint is None else entrypoint
        at = self._roots[name], image.user, image.workdir, env
        return self.machine.inside(*shell(*at, *entry, *arguments, bare=service["cap_drop"] == ["ALL"]), online=False)

    def run(self, line: str, given: bytes = b"") -> bytes:
        """Carry out what follows `docker compose run --rm` in a line of the guide; returns standard output."""
        words, entrypoint = shlex.split(line.replace("$PWD", str(ROOT))), None
        while words[0].startswith("-"):
            option = words.pop(0)
            if option == "-v":
                self._bind(*words.pop(0).split(":"))
            elif option == "--entrypoint":
                entrypoint = [words.pop(0)]
            else:
                assert option == "-T", f"{option} is not known here"
        command = self.command(*words, entrypoint=entrypoint)
        done = subprocess.run(command, input=given, capture_output=True, timeout=300, check=False)
        assert done.returncode == 0, f"{line}\n{done.stderr.decode()}"
        return done.stdout

    def in_database(self, line: str, given: bytes = b"") -> bytes:
        """Carry out what follows `docker compose exec -T db` in a line of the guide; returns standard output."""
        program, *words = shlex.split(line)
        command = self.machine.inside(postgres_programs() / program, f"--host={self._database}", *words, online=False)
        done = subprocess.run(command, input=given, capture_output=True, timeout=300, check=False)
        assert done.returncode == 0, f"{line}\n{done.stderr.decode()}"
        return done.stdout

    def _bind(self, source: str, target: str, how: str) -> None:
        assert how == "ro"
        for view in self._roots.values():
            self.machine.run("mkdir", "-p", f"{self.image.root}{target}")
            self.machine.run("mount", "--bind", "-o", "ro", source, f"{view}{target}")

    def up(self, name: str) -> subprocess.Popen[bytes]:
        """Start a service by its own command, and return it when its health check passes."""
        started = self.machine.start(self.command(name, *map(str, SERVICES[name]["command"])))
        of_image = json.loads(self.image.kept["HEALTHCHECK"].partition("CMD ")[2])
        check = SERVICES[name].get("healthcheck", {}).get("test", ["CMD", *of_image])
        wait_for(self.command(name, *check[1:], entrypoint=[]), started)
        return started

    def ask(self, url: str, key: str = "", body: object = None) -> tuple[int, str]:
        """Ask a service from within; returns status and body."""
        words = [ASK, url, key, *([] if body is None else [json.dumps(body)])]
        command = self.command("server", *words, entrypoint=["python", "-c"])
        status, text = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)
        return status, text


def wait_for(check: list[str], process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_S
    while subprocess.run(check, capture_output=True, check=False, timeout=60).returncode:
        assert process.poll() is None, f"it ended with {process.returncode}"
        assert time.monotonic() < until, f"not healthy within {START_S} s"
        time.sleep(0.3)


def postgres_programs() -> Path:
    """The folder of PostgreSQL's programs; skips where it is not installed."""
    return Path(binary("initdb")).resolve().parent


def start_database(machine: Machine, password: Path, stack: ExitStack) -> Path:
    """Start PostgreSQL as the service `db` has it, as its image's entry point would; returns the socket's folder."""
    service, programs = SERVICES["db"], postgres_programs()
    env = service["environment"]
    folder = Path(stack.enter_context(machine.temporary()))
    shutil.copy(password, folder / "password")
    for path in (folder, folder / "password"):
        shutil.chown(path, service["user"])
    who = ["setpriv", f"--reuid={service['user']}", f"--regid={service['user']}", "--clear-groups", "--pdeathsig=INT"]
    form = ["--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync", *shlex.split(env["POSTGRES_INITDB_ARGS"])]
    user = f"--username={env['POSTGRES_USER']}"
    made = [
        f"{programs}/initdb",
        f"--pgdata={folder}/data",
        user,
        f"--pwfile={folder}/password",
        "--encoding=UTF8",
        *form,
    ]
    subprocess.run([*who, *made, "--locale=C"], check=True, capture_output=True, cwd=folder)
    options = ["-c", f"unix_socket_directories={folder}", "-c", "fsync=off"]
    with (folder / "log").open("wb") as log:
        command = machine.inside(*who, f"{programs}/postgres", "-D", f"{folder}/data", *options, online=False)
        process = machine.start(command, stderr=log, stdout=log, cwd=folder)
    wait_for([f"{programs}/pg_isready", f"--host={folder}"], process)
    create = f"CREATE DATABASE {env['POSTGRES_DB']}"
    machine.run(f"{programs}/psql", f"--host={folder}", user, "--dbname=postgres", f"--command={create}", online=False)
    check = [f"{programs}/{service['healthcheck']['test'][1]}", *service["healthcheck"]["test"][2:]]
    wait_for(machine.inside(*check, online=False), process)
    return folder


@pytest.fixture(scope="module")
def composed() -> Iterator[Composed]:
    """The image, built by the Dockerfile's lines, its services' file systems, and the database."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount and change its root folder")
    for program in ("unshare", "nsenter", "setpriv", "chroot", "mount", "ip"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    postgres_programs()
    with ExitStack() as stack:
        machine = Machine(stack)
        secrets = Path(stack.enter_context(machine.temporary()))
        password = secrets / "postgres_password"
        password.write_text(PASSWORD, encoding="utf-8")
        password.chmod(0o444)
        image = build(machine)
        yield Composed(machine, image, secrets, start_database(machine, password, stack))


@pytest.fixture(scope="module")
def key(composed: Composed) -> str:
    """A key of the project that the guide's steps made."""
    lines = re.findall(r"docker compose run --rm ([^\n)]*)", GUIDE.partition("<!-- end of the steps")[0])
    assert [line.split()[-1] for line in lines if "init" in line] == ["/in/labels.toml"]
    made = b""
    for line in lines:
        if "people add" in line:
            composed.run(f"{line} --password-stdin", b"correct horse battery\n")
        else:
            said = composed.run(line)
            made = said if "keys add" in line else made
    return made.decode().strip()


@pytest.mark.slow
def test_the_image_holds_no_pip_no_cache_and_nothing_that_its_user_could_change(composed: Composed) -> None:
    assert composed.image.user == "10001:10001"
    looked = composed.run("-T --entrypoint sh server -c 'id -u; pwd; command -v allabel; touch here && rm here'")
    assert looked.decode().split() == ["10001", "/project", "/opt/allabel/bin/allabel"]
    found = composed.run(
        "-T --entrypoint find server /opt/allabel ( -writable -o -name pip -o -name .cache ) -not -type l"
    )
    assert found == b""
    for python in ("python", "/usr/local/bin/python"):
        said = composed.run(f"-T --entrypoint sh server -c '! {python} -m pip 2>&1'")
        assert b"No module named pip" in said
    refused = composed.run("-T --entrypoint sh server -c 'touch /etc/x /opt/x /usr/local/x 2>&1 || true'")
    assert refused.count(b"Read-only file system") == 3
    assert b"app" in composed.run("-T server doctor --json")


@pytest.mark.slow
def test_the_guide_leads_from_nothing_to_an_entity_and_everything_stops_when_told(composed: Composed, key: str) -> None:
    server, app = composed.up("server"), composed.up("app")
    until = time.monotonic() + START_S
    while composed.ask("http://127.0.0.1:8200/readyz")[0] != 200:
        assert time.monotonic() < until
        time.sleep(0.5)
    text = "FeCl3 (0.3 g) was dissolved in 10 mL of ethanol."
    assert composed.ask("http://server:8200/v1/tag", "", {"text": text})[0] == 401
    status, body = composed.ask("http://server:8200/v1/tag", key, {"text": text})
    assert status == 200
    found = {(one["label"], text[one["start"] : one["end"]]) for one in json.loads(body)["documents"][0]["entities"]}
    assert ("Solvent", "ethanol") in found
    assert "<title>" in composed.ask("http://app:8501/")[1]
    page = subprocess.run(
        composed.command("app", OPEN, entrypoint=["python", "-c"]), capture_output=True, timeout=90, check=True
    )
    assert b"Password" in page.stdout
    stop = signal.Signals[composed.image.kept["STOPSIGNAL"]]
    for process in (server, app):
        process.send_signal(stop)
    assert {process.wait(timeout=30) for process in (server, app)} <= {0, -stop, 128 + stop}


@pytest.mark.slow
def test_a_backup_as_the_guide_makes_it_brings_everything_back(composed: Composed, key: str) -> None:
    guide = GUIDE.partition("## Backup")[2]
    dump, restore = re.findall(r"docker compose exec -T db (pg_\w+ [^<>\n]*)", guide)[:2]
    pack, unpack = re.findall(r"docker compose run --rm (-T --entrypoint tar [^<>\n]*)", guide)[:2]
    before = json.loads(composed.run("-T server status --json")), composed.run("-T server serve keys list --json")
    assert before[0]["documents"] > 200
    database, folder = composed.in_database(dump), composed.run(pack)
    composed.in_database("psql --username=allabel allabel -c 'DROP SCHEMA public CASCADE' -c 'CREATE SCHEMA public'")
    composed.run("-T --entrypoint rm server /project/labels.toml")
    composed.in_database(restore, database)
    composed.run(unpack, folder)
    composed.run("-T server doctor")
    assert (
        json.loads(composed.run("-T server status --json")),
        composed.run("-T server serve keys list --json"),
    ) == before
