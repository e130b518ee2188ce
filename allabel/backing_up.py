"""A whole project in one file: one state of its texts and answers, labels, settings, calibration and tuned model."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from allabel import __version__
from allabel.active import tuning
from allabel.backup_file import CALIBRATION, DATABASE, LABELS, SETTINGS, TUNED, Manifest, write
from allabel.errors import InputError
from allabel.formats.files import unwritable, write_atomically
from allabel.project import Project
from allabel.store.revisions import HEAD

# A model that is replaced while it is copied is copied anew.
_TRIES = 3


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What a backup holds, and in words what it does not."""

    told: Manifest
    size: int
    left_out: tuple[str, ...]


def back_up(project: Project, file: Path) -> BackedUp:
    """Write the whole project to a new zip file, whole or not at all, while others go on writing to the project.

    The database is one state of it; people's sign-ins are left out. Raises InputError where the file is there already,
    the disk refuses, or what is to be kept is damaged.
    """
    if file.exists():
        raise InputError("is there already, and may be the only backup", file=file, remedy="name another file")
    at = datetime.now(UTC)
    with _scratch(file) as scratch:
        rows = project.store.copy_to(scratch / DATABASE)
        members = {DATABASE: scratch / DATABASE}
        for name in (LABELS, SETTINGS, CALIBRATION):
            if (project.folder / name).exists():
                shutil.copyfile(project.folder / name, scratch / name)
                members[name] = scratch / name
        left_out = _tuned(project, scratch / TUNED)
        found = sorted(path for path in (scratch / TUNED).rglob("*") if path.is_file())
        members |= {path.relative_to(scratch).as_posix(): path for path in found}
        told = Manifest(
            allabel=__version__,
            revision=HEAD,
            at=at,
            database="sqlite" if isinstance(project.place, Path) or "sqlite:" in str(project.place) else "postgresql",
            rows=rows,
            members={},
        )
        with write_atomically(file, private=True) as handle:
            told = write(handle.buffer, members, told)
    return BackedUp(told, file.stat().st_size, left_out)


@contextmanager
def _scratch(file: Path) -> Iterator[Path]:
    """Give a folder beside a file, which is on the disk that has to have room anyway."""
    try:
        with tempfile.TemporaryDirectory(prefix=f".{file.name}-", dir=file.absolute().parent) as folder:
            yield Path(folder)
    except OSError as error:
        raise unwritable(file, error) from error


def _tuned(project: Project, target: Path) -> tuple[str, ...]:
    """Copy the tuned model, where there is one; returns in words why there is none in the backup."""
    folder = project.settings.tuned_model
    if not folder.resolve().is_relative_to(project.folder.resolve()):
        return (f"the tuned model, as {folder} is outside the project",) if folder.exists() else ()
    for _ in range(_TRIES):
        shutil.rmtree(target, ignore_errors=True)
        try:
            found = tuning.describe(folder)
            if found is None:
                return ()
            tuning.check_whole(found)
            shutil.copytree(found.folder, target / found.folder.name)
            shutil.copyfile(folder / tuning.FILE_NAME, target / tuning.FILE_NAME)
            tuning.check_whole(tuning.describe(target) or found)
        except (InputError, FileNotFoundError, shutil.Error) as error:
            said = error
            continue
        return ()
    shutil.rmtree(target, ignore_errors=True)
    problem = said.problem if isinstance(said, InputError) else str(said)
    return (f"the tuned model, as it {problem}; it can be trained anew: allabel finetune",)
