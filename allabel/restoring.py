"""A backup made a project again: everything is checked before anything is kept, and nothing is ever written over."""

import json
import re
import shutil
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import Connection

from allabel.backup_file import (
    CALIBRATION,
    DATABASE,
    LABELS,
    SETTINGS,
    TUNED,
    Backup,
    Manifest,
    opened,
    room_for,
)
from allabel.errors import InputError, StoreError
from allabel.formats.files import unwritable, write_atomically
from allabel.schema import LabelSchema
from allabel.store.copying import copy_rows
from allabel.store.store import Store

# What a restore is at work in; alone in a folder it was left by one that was killed.
_WORK, _LOCK = ".restoring", ".restoring.lock"
_NEW = "new.db"


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored. notes: what the person is to know of it."""

    told: Manifest
    notes: tuple[str, ...]


def check(file: Path, scratch: Path) -> Restored:
    """Check a backup as `restore` does, in an empty folder with room for it, and make no project."""
    with opened(file) as backup:
        notes = _unpack(backup, scratch)
    return Restored(backup.manifest, notes)


def restore(file: Path, folder: Path, database: str = "", *, in_settings: bool = True) -> Restored:
    """Make a project in a new or empty folder of what a backup holds, all or nothing.

    database: the URL of an empty database for the texts; without one they lie in the folder. in_settings: whether that
    URL is written into allabel.toml; in any case another URL that stands there is taken out. Raises InputError, keeping
    nothing, where the backup is damaged, or the folder or the database is not empty.
    """
    with opened(file) as backup, _at_work(folder) as work:
        # Unpacked once, and copied once to where it is to be.
        room_for(folder, 2 * backup.size)
        notes = [*_unpack(backup, work), *_resettle(work, database if in_settings else "")]

        def fill(connection: Connection) -> None:
            with Store.open(work / DATABASE) as old, old.reads() as source:
                _check_rows(backup, copy_rows(source, connection))

        with ExitStack() as undo:
            place: str | Path = database or work / _NEW
            moved = _Moved(work, folder)
            undo.callback(moved.back)
            if database:
                # The folder is whole before the rows are: they are committed last, and take nothing but a moment.
                Store.create(place, fill=_then(fill, moved.all)).close()
            else:
                Store.create(place, fill=fill).close()
                moved.all()
            undo.pop_all()
    return Restored(backup.manifest, tuple(notes))


def _then(first: Callable[[Connection], None], second: Callable[[], None]) -> Callable[[Connection], None]:
    def both(connection: Connection) -> None:
        first(connection)
        second()

    return both


@contextmanager
def _at_work(folder: Path) -> Iterator[Path]:
    """Give an empty folder within a project's new folder; what is in it at the end goes, and on failure all goes."""
    made = not folder.exists()
    work = folder / _WORK
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / _LOCK, timeout=0):
            try:
                _clear(folder)
                work.mkdir()
                yield work
            finally:
                (folder / _LOCK).unlink(missing_ok=True)
                shutil.rmtree(work, ignore_errors=True)
    except Timeout as error:
        raise StoreError("another restore is at work here", file=folder, remedy="wait until it has ended") from error
    except OSError as error:
        raise unwritable(folder, error) from error
    finally:
        if made:
            # Not where anything is in it.
            with suppress(OSError):
                folder.rmdir()


def _clear(folder: Path) -> None:
    """Remove what a restore that was killed left. Raises StoreError where anything else is there."""
    names = {path.name for path in folder.iterdir()} - {_LOCK}
    if LABELS in names:
        raise StoreError("there is a project already", file=folder, remedy="name a new folder: nothing is written over")
    if foreign := sorted(names - {_WORK}):
        raise StoreError(
            f"is not empty: it holds {foreign[0]!r}", file=folder, remedy="name a new folder: nothing is written over"
        )
    if names:
        shutil.rmtree(folder / _WORK)


def _unpack(backup: Backup, work: Path) -> tuple[str, ...]:
    """Write a backup's files to a folder and check them; returns what is wrong with rows, in words."""
    room_for(work, backup.size)
    backup.extract(work)
    LabelSchema.read(work / LABELS)
    with Store.open(work / DATABASE) as store:
        found = store.check()
        if damaged := [line for line in found if line.startswith("the file is damaged")]:
            raise InputError(f"holds a damaged database: {damaged[0]}", file=backup.file, remedy="take another backup")
        _check_rows(backup, store.n_rows())
    return tuple(found)


def _check_rows(backup: Backup, n_rows: Mapping[str, int]) -> None:
    told = backup.manifest.rows
    if differing := sorted(name for name in told if told[name] != n_rows.get(name)):
        raise InputError(
            f"holds {n_rows.get(differing[0], 0)} rows of {differing[0]!r} and names {told[differing[0]]}",
            file=backup.file,
            remedy="take another backup",
        )


def _resettle(work: Path, database: str) -> list[str]:
    """Have the settings name this database, or none: the one of the backup belongs to the project that it is of."""
    path = work / SETTINGS
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    try:
        before = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return [f"{SETTINGS} is not TOML, and was not in the project either: mend it"]
    wanted = {key: value for key, value in before.items() if key != "database"}
    wanted |= {"database": database} if database else {}
    if wanted == before:
        return []
    line = f"database = {json.dumps(database)}\n" if database else ""
    # Before the first table a line by itself is a setting.
    first_table = re.search(r"^\s*\[", text, re.MULTILINE)
    end = first_table.start() if first_table else len(text)
    named = re.compile(r"""^\s*(database|"database"|'database')\s*=.*\n?""", re.MULTILINE)
    new = line + named.sub("", text[:end]) + text[end:]
    notes = []
    if _toml(new) != wanted:
        path.rename(path.with_name(path.name + ".old"))
        notes.append(f"{SETTINGS} names a database in a way that cannot be taken out: it is now {SETTINGS}.old")
        new = line
    with write_atomically(path) as out:
        out.write(new)
    if "database" in before:
        notes.append("the database that the settings named is left alone; the project has its own now")
    return notes


def _toml(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


class _Moved:
    """The files of a project on their way from one folder to another, the labels last: with them it is a project."""

    def __init__(self, work: Path, folder: Path) -> None:
        self._work, self._folder = work, folder
        self._moved: list[Path] = []

    def all(self) -> None:
        """Move every file that is there."""
        names = {_NEW: DATABASE, SETTINGS: SETTINGS, SETTINGS + ".old": SETTINGS + ".old", CALIBRATION: CALIBRATION}
        names |= {TUNED: _tuned_place(self._work / SETTINGS), LABELS: LABELS}
        for name, at in names.items():
            if (self._work / name).exists():
                target = self._folder / at
                self._moved.append(self._folder / PurePosixPath(at).parts[0])
                target.parent.mkdir(parents=True, exist_ok=True)
                (self._work / name).rename(target)

    def back(self) -> None:
        """Remove what was moved."""
        for path in reversed(self._moved):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def _tuned_place(settings: Path) -> str:
    """Return where in its folder the project looks for its tuned model."""
    named = (_toml(settings.read_text(encoding="utf-8")) or {}).get("tuned_model") if settings.exists() else None
    path = PurePosixPath(named) if isinstance(named, str) and named else PurePosixPath(TUNED)
    return TUNED if path.is_absolute() or ".." in path.parts else str(path)
