"""Damaged projects: found before anything is written, repaired where that can be, refused with a reason where not."""

import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from full_stores import fill, texts

from allabel.document import Annotation, Span
from allabel.errors import AllabelError
from allabel.people.accounts import Accounts
from allabel.project import Project
from allabel.reply import Reply, Status, TaggedDocument
from allabel.schema import LabelSchema
from allabel.server.keys import Keys
from allabel.store import Store

Run = Callable[..., Any]
N_DAMAGES = int(os.environ.get("ALLABEL_DAMAGES", "15"))
SEED = int(os.environ.get("ALLABEL_TEST_SEED", "0"))
PAGE = 4096


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with rows in every table, some hundred texts, and a -wal file that a killed writer left."""
    folder = tmp_path_factory.mktemp("sound")
    with Project.create(folder / "made", LabelSchema.parse("Chemical,Disease")) as project:
        store = project.store
        with store.writes() as connection:
            fill(connection)
        store.add_documents(texts(300))
        now = datetime.now(UTC)
        store.add_annotations([Annotation(d.id, (Span(0, 2, "Chemical"),), "a", "t", now) for d in texts(200)])
        store.add_tagged([TaggedDocument(d.id, d.text, Reply(Status.OK, (), 1.0), "e", "m", {}) for d in texts(300)])
    shutil.copytree(folder / "made", folder / "sound")
    with Store.open(folder / "made" / "project.db") as store:
        store.add_documents(texts(50, first=300))
        for name in ("project.db", "project.db-wal"):
            shutil.copyfile(folder / "made" / name, folder / "sound" / name)
    return folder / "sound"


def flipped(content: bytearray, rng: np.random.Generator) -> None:
    for at in rng.integers(len(content), size=int(rng.integers(1, 30))):
        content[at] ^= 1 << int(rng.integers(8))


def page_zeroed(content: bytearray, rng: np.random.Generator) -> None:
    at = int(rng.integers(len(content) // PAGE)) * PAGE
    content[at : at + PAGE] = bytes(PAGE)


def pages_swapped(content: bytearray, rng: np.random.Generator) -> None:
    one, other = (int(at) * PAGE for at in rng.integers(len(content) // PAGE, size=2))
    content[one : one + PAGE], content[other : other + PAGE] = content[other : other + PAGE], content[one : one + PAGE]


def cut(content: bytearray, rng: np.random.Generator) -> None:
    del content[int(rng.integers(len(content))) :]


def replaced(content: bytearray, rng: np.random.Generator) -> None:
    at, n = int(rng.integers(len(content))), int(rng.integers(1, 500))
    content[at : at + n] = rng.bytes(n)


KINDS = (flipped, page_zeroed, pages_swapped, cut, replaced)


def everything(project: Project) -> list[Callable[[], object]]:
    """What is read of a project, by everybody who reads."""
    store = project.store
    ids = [d.id for d in texts(20)]
    return [
        store.documents,
        store.counts,
        store.gold,
        store.annotations,
        store.answers,
        store.selections,
        store.picks,
        store.queue,
        store.tagged,
        store.calls_summary,
        lambda: store.cached(["key-0", "key-1"]),
        lambda: store.history(ids[0]),
        lambda: store.steps(7),
        lambda: store.progress("a", datetime.now(UTC)),
        lambda: store.documents_of(ids),
        project.pool,
        project.demonstrations,
        project.stale_labels,
        Accounts(store).people,
        Keys(store).all,
        store.check,
    ]


def try_everything(folder: Path) -> Iterator[str]:
    """Yield how each attempt ended: "" or what was said. Any error that is not allabel's own is the test's failure."""
    with Project.open(folder) as project:
        for read in everything(project):
            try:
                read()
                yield ""
            except AllabelError as error:
                yield str(error)


def attempted(work: Callable[[], Any]) -> tuple[str, Any]:
    """Return what was said where the work was refused, and else its result."""
    try:
        return "", work()
    except AllabelError as error:
        return str(error), None


def write(folder: Path) -> None:
    with Project.open(folder) as project:
        project.store.add_documents(texts(1, first=9_000))


def problems_of(path: Path) -> list[str]:
    """Return what SQLite itself says of a file, in a process that knows nothing of ours."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA quick_check").fetchall()]
    except sqlite3.DatabaseError as error:
        return [str(error)]
    return [] if found == ["ok"] else found


# What is lost of the log is told: test_damaged_log.py.
@pytest.mark.filterwarnings("ignore:project.db-wal is damaged:UserWarning")
@pytest.mark.parametrize("where", ["project.db", "project.db-wal"])
def test_whatever_bytes_are_damaged_the_project_is_refused_in_words_or_read_in_words_and_never_written_to_unsound(
    where: str, sound: Path, tmp_path: Path
) -> None:
    rng, counted = np.random.default_rng([SEED, len(where)]), Counter[str]()
    for i in range(N_DAMAGES):
        folder = tmp_path / str(i)
        shutil.copytree(sound, folder)
        content = bytearray((folder / where).read_bytes())
        KINDS[i % len(KINDS)](content, rng)
        (folder / where).write_bytes(content)
        if where == "project.db" and i % 2:
            # The log lies over most of the damage otherwise.
            (folder / "project.db-wal").unlink()
        before = (folder / "project.db").read_bytes()
        refused, said = attempted(lambda at=folder: [*try_everything(at)])
        if refused:
            counted["refused"] += 1
            assert str(folder) in refused
            assert "remedy: " in refused
            assert (folder / "project.db").read_bytes() == before
        else:
            counted["read, some of it refused" if any(said or ()) else "read"] += 1
            assert all("remedy: " in one for one in said or () if one)
            assert problems_of(folder / "project.db") == []
            # Writes go on, or are refused in words.
            refused, _ = attempted(lambda at=folder: write(at))
            assert not refused or "remedy: " in refused
        shutil.rmtree(folder)
    print(f"{N_DAMAGES} damages of {where}, seed {SEED}: {dict(counted)}")


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a tuned model."""
    from allabel.config import Finetune
    from allabel.finetuning import finetune

    folder = tmp_path_factory.mktemp("tuned") / "p"
    with Project.create(folder, LabelSchema.parse("Chemical")) as made:
        made.store.add_documents(texts(20))
        now = datetime.now(UTC)
        spans = [(d.id, (Span(0, d.text.index(" "), "Chemical"),)) for d in texts(12)]
        made.store.add_annotations([Annotation(id, span, "a", "test", now) for id, span in spans])
        made.settings = made.settings.model_copy(update={"finetune": Finetune(tagger="softmax")})
        finetune(made)
    return folder


@pytest.mark.parametrize("name", ["weights.npz", "tagger.json", "tuned.json"])
def test_tuned_weights_with_any_bit_flipped_are_found_before_a_text_is_tagged_and_trained_anew(
    name: str, tuned: Path, tmp_path: Path, allabel: Run
) -> None:
    folder = tmp_path / "p"
    shutil.copytree(tuned, folder)
    path = next((folder / "tuned").rglob(name))
    good, rng = path.read_bytes(), np.random.default_rng(SEED)
    tag = ["-p", folder, "tag", "--rest", "--backend", "tuned", "-o", tmp_path / "out.jsonl"]
    for i in range(3):
        content = bytearray(good)
        if name == "tuned.json":
            cut(content, rng)
        elif i:
            content[int(rng.integers(len(content)))] ^= 1 << int(rng.integers(8))
        else:
            content.clear()
        path.write_bytes(content)
        ended = allabel(*tag)
        assert (ended.status, "remedy: train it anew: allabel finetune" in ended.err) == (2, True), ended.err
        assert not (tmp_path / "out.jsonl").exists()
    assert allabel("-p", folder, "doctor").status == 1
    assert allabel("-p", folder, "finetune", "--tagger", "softmax").status == 0
    assert allabel(*tag).status == 0
    assert allabel("-p", folder, "doctor").status == 0


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"version": 7}', b'{"version": 1, "calibrations": [{}]}', b"\xff"]
)
def test_a_damaged_calibration_is_refused_before_anything_is_tagged_and_can_be_removed(
    content: bytes, tuned: Path, tmp_path: Path, allabel: Run
) -> None:
    folder = tmp_path / "p"
    shutil.copytree(tuned, folder)
    (folder / "calibration.json").write_bytes(content)
    tag = ["-p", folder, "tag", "--rest", "-o", tmp_path / "out.jsonl"]
    ended = allabel(*tag)
    assert ended.status == 2
    assert "calibration.json" in ended.err
    assert "remedy: allabel calibrate --remove" in ended.err
    with Store.open(folder / "project.db") as store:
        assert store.tagged() == {}
    assert allabel("-p", folder, "doctor").status == 1
    assert allabel("-p", folder, "calibrate", "--remove").status == 0
    assert allabel(*tag).status == 0


def test_nothing_is_kept_on_disk_that_could_be_rebuilt(tuned: Path, tmp_path: Path, allabel: Run) -> None:
    # Indexes and vectors are made in memory of the texts: there is none that could be damaged or out of date.
    folder = tmp_path / "p"
    shutil.copytree(tuned, folder)
    assert allabel("-p", folder, "tag", "--rest", "-o", tmp_path / "out.jsonl").status == 0
    assert allabel("-p", folder, "select", "--budget", "2").status == 0
    assert {path.name for path in folder.iterdir()} == {"labels.toml", "project.db", "tuned"}
