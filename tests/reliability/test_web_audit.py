"""What looks for holes says so where it cannot look, and what looks for secrets finds one."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLIND = 'echo "No known vulnerabilities found"'
SEEING = (
    'for last; do :; done\nif grep -q "jinja2==3.1.4" "$last"; then echo "jinja2 3.1.4 CVE-2024-56326"; exit 1; fi\n'
)


def audited(folder: Path, script: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    command = folder / "pip-audit"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)
    return subprocess.run(
        [sys.executable, "tests/audit.py", "--command", str(command)],
        cwd=ROOT,
        env={**os.environ, **variables},
        check=False,
        capture_output=True,
        text=True,
    )


def test_an_audit_that_sees_nothing_is_no_clean_bill(tmp_path: Path):
    done = audited(tmp_path, BLIND)
    assert "NOT AUDITED" in done.stdout
    assert "No known vulnerabilities" not in done.stdout
    assert done.returncode == 0
    assert audited(tmp_path, BLIND, ALLABEL_AUDIT="required").returncode == 1


def test_an_audit_that_sees_passes_and_fails_by_what_is_locked(tmp_path: Path):
    clean = audited(tmp_path, SEEING + "echo none")
    assert clean.returncode == 0, clean.stdout + clean.stderr
    assert "locked/torch.txt by pypi" in clean.stdout
    holed = audited(tmp_path, SEEING + 'if grep -q "^torch==" "$last"; then echo "torch PYSEC-1"; exit 1; fi')
    assert holed.returncode == 1
    assert "PYSEC-1" in holed.stdout


def test_every_locked_version_has_its_hashes_and_no_folder_of_a_machine():
    for name in ("dev.txt", "torch.txt", "container.txt", "build.txt"):
        text = (ROOT / "locked" / name).read_text(encoding="utf-8")
        pinned = [line for line in text.splitlines() if line and line[0] not in " #"]
        assert pinned
        assert all("==" in line and line.endswith("\\") for line in pinned)
        blocks = text.split(" \\\n    --hash=sha256:")
        assert len(blocks) > len(pinned)
        assert not any(word in text for word in ("file:", "/opt", "/tmp", "/home", "/work", "--index", "--find-links"))


@pytest.mark.parametrize(
    ("files", "extras"),
    [
        (("dev.txt", "torch.txt"), ("dev", "dev-e2e", "dev-audit", "dev-dense")),
        (("container.txt",), ("app", "server", "postgres")),
    ],
)
def test_what_is_locked_is_all_that_the_suite_and_the_container_need(files: Sequence[str], extras: Sequence[str]):
    """A dependency that was added to pyproject.toml and not locked fails here, and not in CI alone."""
    tomllib = pytest.importorskip("tomllib")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    of_extra = project["optional-dependencies"]
    wanted, seen, todo = list(project["dependencies"]), set(), list(extras)
    while todo:
        extra = todo.pop()
        if extra in seen:
            continue
        seen.add(extra)
        for one in of_extra[extra]:
            if one.startswith("allabel["):
                todo += one.removeprefix("allabel[").partition("]")[0].split(",")
            else:
                wanted.append(one)
    missing = {name_of(one) for one in wanted} - {name_of(one) for one in pinned(*files)}
    assert not missing, f"not locked: {sorted(missing)}; run make lock"


def test_the_container_has_the_versions_that_are_tested_and_the_extras_that_are_locked():
    # No Python of ours runs in a browser's WebAssembly.
    mine = {one for one in pinned("container.txt", "build.txt") if not one.startswith("httpx2-jsfetch==")}
    assert mine <= pinned("dev.txt")
    assert "ARG EXTRAS=app,server,postgres\n" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def pinned(*files: str) -> set[str]:
    """What these files of locked/ pin, as NAME==VERSION."""
    lines = [line for name in files for line in (ROOT / "locked" / name).read_text(encoding="utf-8").splitlines()]
    return {line.split()[0] for line in lines if line and line[0] not in " #"}


def name_of(requirement: str) -> str:
    end = next((n for n, c in enumerate(requirement) if not (c.isalnum() or c in "-_.")), len(requirement))
    return requirement[:end].lower().replace("_", "-").replace(".", "-")
