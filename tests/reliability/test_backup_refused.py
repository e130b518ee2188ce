"""Backups that are damaged, or none at all: refused in words, and nothing is left behind."""

import hashlib
import json
import os
import shutil
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from full_stores import make_backup, rows_of

Run = Callable[..., Any]
N_DAMAGES = int(os.environ.get("ALLABEL_DAMAGES", "12"))
SEED = int(os.environ.get("ALLABEL_TEST_SEED", "0"))


@pytest.fixture(scope="module")
def backed_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of a project with rows in every table; its database lies beside it as `p/project.db`."""
    return make_backup(tmp_path_factory.mktemp("backed_up"))


def test_a_backup_with_any_byte_changed_or_its_end_cut_off_restores_the_same_or_is_refused(
    tmp_path: Path, allabel: Run, backed_up: Path
) -> None:
    good = backed_up.read_bytes()
    before = rows_of(backed_up.parent / "p" / "project.db")
    rng = np.random.default_rng(SEED)
    bad, folder, counted = tmp_path / "bad.zip", tmp_path / "q", Counter[str]()
    for i in range(N_DAMAGES):
        if i % 4 == 0:
            bad.write_bytes(good[: int(rng.integers(len(good)))])
        else:
            changed = bytearray(good)
            for at in rng.integers(len(good), size=int(rng.integers(1, 4))):
                changed[at] ^= 1 << int(rng.integers(8))
            bad.write_bytes(changed)
        ended = allabel("restore", bad, folder)
        assert ended.status in {0, 2}, ended.err
        counted["restored" if ended.status == 0 else "refused"] += 1
        if ended.status == 0:
            assert rows_of(folder / "project.db") == before
            shutil.rmtree(folder)
        assert "remedy: " in ended.err or ended.status == 0
        assert not folder.exists()
    assert counted["refused"] > counted["restored"]
    print(f"{N_DAMAGES} damaged backups, seed {SEED}: {dict(counted)}")


# The last 22 bytes of a zip file: where its list of files begins, and how long it is.
@pytest.mark.parametrize("at", [-6, -10])
def test_a_zip_file_whose_list_leads_before_its_start_is_told_as_damaged(
    at: int, tmp_path: Path, allabel: Run, backed_up: Path
) -> None:
    content = bytearray(backed_up.read_bytes())
    told = int.from_bytes(content[at:][:4], "little")
    content[len(content) + at : len(content) + at + 4] = (told + len(content)).to_bytes(4, "little")
    bad = tmp_path / "bad.zip"
    bad.write_bytes(content)
    ended = allabel("restore", bad, tmp_path / "q")
    assert ended.status == 2
    assert f"{bad}: is damaged: " in ended.err
    assert "take another backup" in ended.err
    assert not (tmp_path / "q").exists()


def repacked(file: Path, target: Path, change: Callable[[dict[str, bytes], dict[str, Any]], None]) -> Path:
    """Write a backup again, with its files and its manifest changed."""
    with zipfile.ZipFile(file) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    told = json.loads(members.pop("manifest.json"))
    change(members, told)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.writestr("manifest.json", json.dumps(told))
    return target


def announced(members: dict[str, bytes], told: dict[str, Any], name: str, content: bytes) -> None:
    members[name] = content
    told["members"][name] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


HOSTILE: dict[str, tuple[Callable[[dict[str, bytes], dict[str, Any]], None], str]] = {
    "climbs": (lambda m, t: announced(m, t, "tuned/../../evil", b"x"), "no project has such"),
    "absolute": (lambda m, t: announced(m, t, "/tmp/evil", b"x"), "no project has such"),
    "foreign": (lambda m, t: announced(m, t, "sitecustomize.py", b"x"), "no project has such"),
    "hidden": (lambda m, t: announced(m, t, "tuned/.x", b"x"), "no project has such"),
    "unannounced": (lambda m, t: m.update({"calibration.json": b"x"}), "does not hold the files that it names"),
    "missing": (lambda m, t: (m.pop("labels.toml"), None)[1], "does not hold the files that it names"),
    "other content": (lambda m, t: m.update({"labels.toml": b"x" * 9}), "is not what was backed up"),
    "bomb": (lambda m, t: m.update({"labels.toml": b" " * 50_000_000}), "is not what was backed up"),
    "rows": (lambda m, t: t["rows"].update(annotations=99), "holds 3 rows of 'annotations' and names 99"),
    "newer schema": (lambda m, t: t.update(revision="0042"), "made by a newer allabel (schema 0042"),
    "newer format": (lambda m, t: t.update(format=2), "made by a newer allabel"),
    "no labels": (lambda m, t: announced(m, t, "labels.toml", b"nonsense"), "labels.toml"),
    "no database": (lambda m, t: announced(m, t, "project.db", b"nonsense" * 99), "not a database"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_zip_file_that_no_backup_wrote_is_refused_and_leaves_nothing(
    kind: str, tmp_path: Path, allabel: Run, backed_up: Path
) -> None:
    change, says = HOSTILE[kind]
    file = repacked(backed_up, tmp_path / "changed.zip", change)
    (tmp_path / "sub").mkdir()
    before = sorted(tmp_path.rglob("*"))
    ended = allabel("restore", file, tmp_path / "sub" / "q")
    assert ended.status == 2
    assert says in ended.err
    assert sorted(tmp_path.rglob("*")) == before
    assert allabel("restore", "--check", file).status == 2
