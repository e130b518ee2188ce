"""Where commands meet faults: a project with work for each of them, and a disk that is soon full."""

import contextlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from full_stores import texts

from allabel.document import Span
from allabel.formats.registry import write_documents
from allabel.project import Project

MIB = 2**20


@contextmanager
def small_disk(folder: Path, n_bytes: int) -> Iterator[Path]:
    """Mount a disk of so many bytes; skips where that may not be done."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={n_bytes}", "tmpfs", str(folder)],
        check=False,
        capture_output=True,
        text=True,
    )
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill_up(disk: Path, free: int) -> Path:
    """Fill a disk but for so many bytes."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as out, contextlib.suppress(OSError):
        while True:
            out.write(bytes(4096))
    with ballast.open("rb+") as out:
        out.truncate(max(0, ballast.stat().st_size - free))
    return ballast


def make_base(folder: Path) -> Path:
    """Fill a folder with a project `p` of 60 texts with gold, 6 annotated and 6 queued, a larger file and a backup."""
    from dataclasses import replace

    from allabel.backing_up import back_up
    from allabel.document import Annotation
    from allabel.schema import LabelSchema
    from allabel.store.records import Pick, Selection

    gold = [replace(d, entities=(Span(0, d.text.index(" "), "Chemical"),)) for d in texts(60)]
    with Project.create(folder / "p", LabelSchema.parse("Chemical")) as made:
        now = datetime.now(UTC)
        made.store.add_documents(gold)
        made.store.add_gold(gold)
        made.store.add_annotations([Annotation(d.id, d.entities or (), "a", "t", now) for d in gold[:6]])
        asked = Selection(None, "uniform", "6", 6, 0, now)
        made.store.add_selection(asked, [Pick(d.id, "uniform", i + 1, 0.0, "", 0) for i, d in enumerate(gold[6:12])])
        back_up(made, folder / "b.zip")
    write_documents(texts(4_000, first=1_000), folder / "many.jsonl", "jsonl")
    return folder


def asked(what: str, base: Path, disk: Path) -> list[Any]:
    p = ["-p", disk / "p"]
    return {
        "import": [*p, "import", base / "many.jsonl"],
        "select": [*p, "select", "--budget", "5", "--more"],
        "annotate": [*p, "annotate", "--from-gold"],
        "tag --rest": [*p, "tag", "--rest", "-o", disk / "out.jsonl"],
        "tag FILE": [*p, "tag", base / "many.jsonl", "-o", disk / "out.jsonl"],
        "export": [*p, "export", disk / "out.jsonl", "--what", "gold"],
        "finetune": [*p, "finetune", "--tagger", "softmax"],
        "backup": [*p, "backup", disk / "new.zip"],
        "restore": ["restore", base / "b.zip", disk / "q"],
    }[what]


WORK = ("import", "select", "annotate", "tag --rest", "tag FILE", "export", "finetune", "backup", "restore")
