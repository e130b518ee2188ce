"""The Dockerfile's own lines, carried out where there is no container engine; needs root and Linux.

The base image is this machine's system with its Python at /usr/local, under an overlay: steps see more than in a slim
image, compilers for one. All networks are one network namespace without a way out.
"""

import io
import itertools
import os
import re
import shlex
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PATH = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
PASSED_ON = re.compile(r"PIP_(?!NO_CACHE)\w+|(HTTPS?|NO|ALL)_PROXY|SSL_CERT_FILE|REQUESTS_CA_BUNDLE", re.IGNORECASE)


@dataclass
class Stage:
    """What a stage of the Dockerfile came to; root: its file system, seen in the mount namespace alone."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)
    user: str = "0:0"
    workdir: str = "/"
    kept: dict[str, str] = field(default_factory=dict)


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with what follows them, comments left out and continued lines joined."""
    lines = [
        line for line in (ROOT / "Dockerfile").read_text("utf-8").splitlines() if not line.lstrip().startswith("#")
    ]
    whole = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [
        (word, rest.strip()) for word, _, rest in (line.partition(" ") for line in whole.splitlines() if line.strip())
    ]


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with `$NAME`, `${NAME}` and `${NAME:-default}` replaced, as in both kinds of file; `$$` is `$`."""

    def value(found: re.Match[str]) -> str:
        name = found[1] or found[3]
        return "$" if name is None else values.get(name) or found[2] or ""

    return re.sub(r"\$(?:\$|\{(\w+)(?::-([^}]*))?\}|(\w+))", value, text)


def is_ignored(path: str) -> bool:
    """Tell whether .dockerignore keeps a path of the repository out: the last line that fits it or a parent decides."""
    parents = [str(p) for p in [*reversed(Path(path).parents), Path(path)] if str(p) != "."]
    ignored = False
    for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines():
        pattern = line.strip().removeprefix("!")
        if pattern and not line.startswith("#"):
            anywhere = pattern.startswith("**/")
            names = [Path(p).name if anywhere else p for p in parents]
            if any(fnmatchcase(name, pattern.removeprefix("**/")) for name in names if anywhere or "/" not in name):
                ignored = not line.startswith("!")
    return ignored


def context(source: str) -> dict[str, Path]:
    """The files that COPY takes for a source, by where they come to lie below its target."""
    at = ROOT / source
    files = [at] if at.is_file() else sorted(path for path in at.rglob("*") if path.is_file())
    taken = [path for path in files if not is_ignored(path.relative_to(ROOT).as_posix())]
    assert taken, f"COPY {source}: there is nothing there that .dockerignore lets through"
    return {path.name if at.is_file() else path.relative_to(at).as_posix(): path for path in taken}


class Machine:
    """Two namespaces, of mounts and of networks; what is mounted and started in them goes with them."""

    def __init__(self, stack: ExitStack) -> None:
        self.work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="allabel-steps-")))
        self._stack, self._n = stack, itertools.count()
        self._mounts = self._held(["unshare", "--mount", "--propagation=private"])
        self._net = self._held(["nsenter", f"--target={self._mounts}", "--mount", "unshare", "--net"])
        self.run("ip", "link", "set", "lo", "up", online=False)
        self.run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", self.work)

    def temporary(self) -> "tempfile.TemporaryDirectory[str]":
        """A folder of this machine, seen in the namespaces too."""
        return tempfile.TemporaryDirectory(prefix="allabel-steps-")

    def _held(self, prefix: list[str]) -> int:
        held = self.start([*prefix, "sh", "-c", "echo up; exec sleep 7200"], stdout=subprocess.PIPE)
        assert held.stdout is not None
        if held.stdout.readline() != b"up\n":
            pytest.skip("this machine gives no namespaces of its own (unshare --mount --net)")
        return held.pid

    def start(self, command: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
        """Start a process that ends when the test does."""
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **options)
        self._stack.callback(_end, process)
        return process

    def inside(self, *command: object, online: bool = True) -> list[str]:
        """The command that runs another in the namespaces; online: with this machine's network."""
        net = [f"--target={self._mounts}"] if online else [f"--target={self._net}", "--net"]
        return ["nsenter", *net, "--mount", *map(str, command)]

    def run(self, *command: object, online: bool = True, given: bytes = b"") -> str:
        """Run a command to its end, and return what it printed; it must succeed."""
        done = subprocess.run(self.inside(*command, online=online), input=given, capture_output=True, check=False)
        said = f"{shlex.join(map(str, command))}\n{done.stdout.decode()}{done.stderr.decode()}"
        assert done.returncode == 0, said
        return done.stdout.decode()

    def base(self) -> Path:
        """A fresh root: this machine's, where Python is at /usr/local as in the official image."""
        at = self.work / str(next(self._n))
        root = self._overlay(at, Path("/"))
        for special in ("proc", "dev"):
            self.run("mount", "--rbind", f"/{special}", root / special)
        self.run("mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", root / "tmp")
        if sys.base_prefix != "/usr/local":
            python = self._overlay(at / "python", Path(sys.base_prefix))
            self.run("mount", "--bind", python, root / "usr/local")
            self.run("chroot", root, "ldconfig")
        return root

    def _overlay(self, at: Path, lower: Path) -> Path:
        self.run("mkdir", "-p", at / "upper", at / "work", at / "root")
        layers = f"lowerdir={lower},upperdir={at}/upper,workdir={at}/work"
        self.run("mount", "-t", "overlay", "-o", layers, "overlay", at / "root")
        return at / "root"


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdout is not None:
        process.stdout.close()
    process.kill()
    process.wait()


def shell(root: Path, user: str, workdir: str, env: Mapping[str, str], *command: str, bare: bool = False) -> list[str]:
    """The command that runs another in a root, as a user, in a folder; bare: without capabilities or gaining any."""
    uid, gid = user.split(":")
    who = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"]
    less = ["--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"] if bare else []
    within = ["env", "-i", *(f"{name}={value}" for name, value in env.items())]
    return ["chroot", str(root), *who, *less, *within, "sh", "-c", 'cd "$0" && exec "$@"', workdir, *command]


def build(machine: Machine) -> Stage:
    """Carry out the Dockerfile, and return its last stage."""
    above: dict[str, str] = {}
    arguments = above  # those of a stage are its own: of those above the first FROM it sees what it names again
    stages: dict[str, Stage] = {}
    stage: Stage | None = None
    for word, rest in instructions():
        if word == "ARG":
            name, given, default = rest.partition("=")
            arguments[name] = default if given else above.get(name, "")
        elif word == "FROM":
            image, _, name = filled(rest, above).partition(" AS ")
            assert re.match(r"python:3\.1\d-slim", image), f"what stands in for the base has Python, and not {image}"
            stage = stages[name] = Stage(machine.base(), {"PATH": PATH, "HOME": "/root"})
            arguments = {}
        else:
            assert stage is not None, f"{word} stands before the first FROM"
            STEPS[word](machine, stage, stages, rest, arguments)
    assert stage is not None
    # Without it /tmp is a part of the root again, and as read-only as that unless a service mounts something there.
    machine.run("umount", stage.root / "tmp")
    return stage


def _run(machine: Machine, stage: Stage, _: object, rest: str, arguments: Mapping[str, str]) -> None:
    # How this machine reaches packages, as an engine passes on what it knows of proxies.
    outside = {key: value for key, value in os.environ.items() if PASSED_ON.fullmatch(key)}
    env = outside | dict(arguments) | stage.env
    machine.run(*shell(stage.root, stage.user, stage.workdir, env, "sh", "-c", rest))


def _copy(machine: Machine, stage: Stage, stages: Mapping[str, Stage], rest: str, _: object) -> None:
    *sources, target = rest.split()
    to = stage.root / (Path(stage.workdir) / target).relative_to("/")
    machine.run("mkdir", "-p", to)
    if sources[0].startswith("--from="):
        origin = stages[sources[0].removeprefix("--from=")].root
        for source in sources[1:]:
            machine.run("cp", "-a", f"{origin}{source}/.", to)
        return
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, path in itertools.chain.from_iterable(context(source).items() for source in sources):
            tar.add(path, name)
    machine.run("tar", "--no-same-owner", "-xf", "-", "-C", to, given=packed.getvalue())


def _workdir(machine: Machine, stage: Stage, _: object, rest: str, __: object) -> None:
    stage.workdir = rest
    machine.run("mkdir", "-p", f"{stage.root}{rest}")


def _env(_: object, stage: Stage, __: object, rest: str, arguments: Mapping[str, str]) -> None:
    for pair in shlex.split(rest):
        name, _, value = pair.partition("=")
        stage.env[name] = filled(value, {**arguments, **stage.env})


def _user(_: object, stage: Stage, __: object, rest: str, ___: object) -> None:
    stage.user = rest


def _keep(word: str) -> Callable[..., None]:
    def keep(_: object, stage: Stage, __: object, rest: str, ___: object) -> None:
        stage.kept[word] = rest

    return keep


STEPS: dict[str, Callable[..., None]] = {
    **{word: _keep(word) for word in ("LABEL", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD")},
    **{"RUN": _run, "COPY": _copy, "WORKDIR": _workdir, "ENV": _env, "USER": _user},
}
