"""The wheel and the sdist: built, looked into, and installed as users install them. `make dist` runs it.

It asks the package registry. ALLABEL_DIST: a folder for what was built; a temporary one where it is not set.
"""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from allabel import __version__

pytestmark = [pytest.mark.slow, pytest.mark.enable_socket]
ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PACKAGES = ("allabel", "app", "eval", "retrieval")
# What may lie in a package. A new kind of file is a decision, not an accident.
SUFFIXES = {".py", ".typed", ".jinja", ".mako", ".js", ".css", ".html", ".svg", ".toml", ".jsonl", ".txt", ".md"}
NEEDED = {
    *(f"{name}/py.typed" for name in PACKAGES),
    "allabel/store/migrations/script.py.mako",
    "allabel/annotate/prompts/labels.jinja",
    "app/entry/allabel_app.py",
    "app/components/span_editor/editor.js",
    "eval/demo/data/labels.toml",
    "eval/demo/data/pool.jsonl",
    "eval/demo/data/test.jsonl",
    "eval/experiments/ready_files/own_gold.toml",
    "eval/report/page.html.jinja",
}
DIST_INFO = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}
# vLLM brings the torch that it was built with.
OWN_TORCH = {"vllm"}
PYTHONS = ("3.11", "3.12", "3.13")


def ran(*command: str | Path, cwd: Path = ROOT) -> str:
    """Run a command that has to succeed, and return what it says."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "ALLABEL_"))}
    done = subprocess.run([*map(str, command)], cwd=cwd, env=outside, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done.stdout


def uv() -> Path:
    found = Path(sys.executable).with_name("uv")
    assert found.exists(), "uv builds all of this: make dist installs it; by hand, pip install -e '.[dev-audit]'"
    return found


def in_repository(*folders: str) -> set[str]:
    """The files of the repository, new ones that are not ignored among them."""
    listed = ran("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *folders).split("\0")
    return {name for name in listed if name and (ROOT / name).is_file()}


def interpreter(version: str) -> str | None:
    """A Python of this version that runs: on the path, or one that pyenv or uv has; None where there is none."""
    named = os.pathsep.join([os.environ["PATH"], *map(str, Path("~/.pyenv/versions").expanduser().glob("*/bin"))])
    managed = map(str, Path("~/.local/share/uv/python").expanduser().glob("*/bin"))
    for folder in [*named.split(os.pathsep), *managed]:
        found = shutil.which(f"python{version}", path=folder)
        # A shim of pyenv stands for a Python that may be switched off.
        if found and subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0:
            return found
    return None


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel that was built from it."""
    folder = Path(os.environ.get("ALLABEL_DIST") or tmp_path_factory.mktemp("dist")).absolute()
    ran(uv(), "build", "--quiet", "--python", sys.executable, "--out-dir", folder)
    return folder


@pytest.fixture(scope="session")
def wheel(dist: Path) -> Path:
    return dist / f"allabel-{__version__}-py3-none-any.whl"


@pytest.fixture(scope="session", params=PYTHONS)
def installed(request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of commands of an environment with the wheel and no extra, for each Python that is to be had."""
    found = interpreter(request.param)
    if found is None:
        pytest.skip(f"there is no Python {request.param} on this machine")
    place = tmp_path_factory.mktemp(f"python{request.param}") / "venv"
    ran(found, "-m", "venv", place)
    ran(place / "bin/pip", "install", "--quiet", wheel)
    return place / "bin"


def test_the_wheel_holds_the_four_packages_and_nothing_else(wheel: Path) -> None:
    info = f"allabel-{__version__}.dist-info/"
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    inside = {name for name in names if not name.startswith(info)}
    assert inside == in_repository(*PACKAGES)
    assert {name.removeprefix(info) for name in names - inside} == DIST_INFO
    assert inside >= NEEDED
    assert {PurePosixPath(name).suffix for name in inside} == SUFFIXES
    migrations = {name for name in inside if name.startswith("allabel/store/migrations/versions/")}
    assert len(migrations) >= 5


def test_the_sdist_holds_what_builds_tests_and_explains_it(dist: Path) -> None:
    with tarfile.open(dist / f"allabel-{__version__}.tar.gz") as archive:
        names = {member.name.partition("/")[2] for member in archive if member.isfile()}
    left_out = {name for name in in_repository() - names if not name.startswith(".")}
    assert left_out == set()
    assert names - in_repository() == {"PKG-INFO"}


def test_the_sdist_builds_the_very_wheel_that_the_repository_builds(wheel: Path, tmp_path: Path) -> None:
    ran(uv(), "build", "--quiet", "--wheel", "--python", sys.executable, "--out-dir", tmp_path)
    assert (tmp_path / wheel.name).read_bytes() == wheel.read_bytes()


def test_the_metadata_name_every_extra_and_every_python(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read(f"allabel-{__version__}.dist-info/METADATA").decode()
    head = metadata.partition("\n\n")[0].splitlines()
    extras = {line.partition(": ")[2] for line in head if line.startswith("Provides-Extra")}
    assert extras == set(PROJECT["optional-dependencies"])
    assert "Requires-Python: >=3.11" in head
    assert "License-Expression: Apache-2.0" in head
    for version in PYTHONS:
        assert f"Classifier: Programming Language :: Python :: {version}" in head


def test_without_any_extra_it_installs_and_does_the_whole_demonstration(installed: Path, tmp_path: Path) -> None:
    assert ran(installed / "allabel", "--version").strip().endswith(__version__)
    assert "No broken requirements found" in ran(installed / "pip", "check")
    said = ran(installed / "allabel", "demo", cwd=tmp_path)
    assert "strict micro F1 on 84 held-out sentences" in said
    assert (tmp_path / "demo" / "demo.html").is_file()
    assert all(finding["ok"] for finding in json.loads(ran(installed / "allabel", "doctor", "--json", cwd=tmp_path)))


def test_importing_it_takes_well_under_a_second(installed: Path, tmp_path: Path) -> None:
    timed = "import time; t = time.perf_counter(); import allabel.cli; print(time.perf_counter() - t)"
    assert min(float(ran(installed / "python", "-c", timed, cwd=tmp_path)) for _ in range(5)) < 0.5


def test_a_users_type_checker_sees_its_types(installed: Path, tmp_path: Path) -> None:
    script = tmp_path / "mine.py"
    imports = "from allabel.document import Span\nfrom eval.strict import strict\nfrom retrieval.bm25 import Bm25\n"
    script.write_text(f"{imports}import app.highlight\nwrong: str = Span(0, 1, 'A').start\nBm25, strict, app\n")
    check = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--python-executable"]
    cache = ["--cache-dir", str(tmp_path / "cache")]
    command = [*check, str(installed / "python"), *cache, script.name]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    errors = [line for line in done.stdout.splitlines() if ": error:" in line]
    assert errors == [line for line in errors if line.startswith("mine.py:5: error: Incompatible types in assignment")]
    assert len(errors) == 1


@pytest.mark.parametrize("extra", sorted(PROJECT["optional-dependencies"]))
def test_every_extra_can_be_resolved(wheel: Path, extra: str, tmp_path: Path) -> None:
    command = ["pip", "compile", "--quiet", "--no-header", "--python-version", "3.11", "-"]
    command += [] if extra in OWN_TORCH else ["--constraint", str(ROOT / "constraints-cpu.txt")]
    done = subprocess.run(
        [uv(), *command],
        input=f"allabel[{extra}] @ {wheel.as_uri()}\n",
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    names = [name.partition("[")[0].partition(">")[0] for name in PROJECT["optional-dependencies"][extra]]
    for name in names:
        assert f"\n{name.lower()}" in f"\n{done.stdout}" or name == "allabel"
