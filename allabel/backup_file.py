"""A backup: one zip file that says what is in it, and is believed only as far as every byte agrees."""

import errno
import hashlib
import os
import shutil
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from allabel.errors import AllabelError, InputError
from allabel.formats.files import unwritable
from allabel.store.revisions import HEAD, REVISIONS

MANIFEST, DATABASE, LABELS = "manifest.json", "project.db", "labels.toml"
SETTINGS, CALIBRATION, TUNED = "allabel.toml", "calibration.json", "tuned"
BLOCK = 2**20
# No sound manifest is larger: it has a line for each file, of which there are some tens.
_MOST_MANIFEST = 2**22
_ANOTHER = "take another backup; this one is not what `allabel backup` wrote"


class Member(BaseModel):
    """One file of a backup."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(BaseModel):
    """What a backup says of itself.

    allabel: the version that wrote it. revision: of the database's schema. at: when it was begun. database: where the
    project had its texts. rows: how many each table has. members: the files, by their names in the zip.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    allabel: str
    revision: str
    at: AwareDatetime
    database: Literal["sqlite", "postgresql"]
    rows: dict[str, Annotated[int, Field(ge=0)]]
    members: dict[str, Member]


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was opened: what it says, and its file."""

    file: Path
    manifest: Manifest
    archive: zipfile.ZipFile

    def extract(self, folder: Path) -> None:
        """Write every file into a folder, checked byte by byte. Raises InputError where one differs."""
        for name, member in self.manifest.members.items():
            target = folder / name
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("xb") as out:
                    self._extract_one(name, member, out)
                    out.flush()
                    os.fsync(out.fileno())
            except OSError as error:
                raise unwritable(target, error) from error

    def _extract_one(self, name: str, member: Member, out: IO[bytes]) -> None:
        digest, left = hashlib.sha256(), member.size
        with _damage(self.file, name), self.archive.open(name) as packed:
            # Never more than was announced, whatever is packed.
            while left and (block := packed.read(min(BLOCK, left))):
                digest.update(block)
                left -= len(block)
                out.write(block)
            if left or packed.read(1) or digest.hexdigest() != member.sha256:
                raise InputError(f"is damaged: {name!r} is not what was backed up", file=self.file, remedy=_ANOTHER)

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(member.size for member in self.manifest.members.values())


@contextmanager
def opened(file: Path) -> Iterator[Backup]:
    """Open a backup and read what it says. Raises InputError where it is damaged, none of ours, or newer."""
    with _damage(file, "the file"):
        try:
            archive = zipfile.ZipFile(file)
        except FileNotFoundError as error:
            raise InputError("there is no such file", file=file, remedy="check the name and the folder") from error
        except OSError as error:
            if error.errno == errno.EINVAL:
                raise
            raise InputError(f"cannot be read: {error.strerror}", file=file, remedy="check its permissions") from error
    with archive:
        yield Backup(file, _manifest(file, archive), archive)


def _manifest(file: Path, archive: zipfile.ZipFile) -> Manifest:
    packed = [info.filename for info in archive.infolist()]
    if MANIFEST not in packed:
        raise InputError("is no backup of a project", file=file, remedy="name what `allabel backup` wrote")
    with _damage(file, MANIFEST), archive.open(MANIFEST) as handle:
        text = handle.read(_MOST_MANIFEST)
    try:
        told = Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        if first["loc"] == ("format",):
            raise InputError("was made by a newer allabel", file=file, remedy="upgrade allabel") from error
        raise InputError(f"is damaged: {MANIFEST}, {where}: {first['msg']}", file=file, remedy=_ANOTHER) from error
    if told.revision not in REVISIONS:
        raise InputError(
            f"was made by a newer allabel (schema {told.revision}, this one knows {HEAD})",
            file=file,
            remedy="upgrade allabel",
        )
    names = set(told.members)
    if sorted(packed) != sorted([*names, MANIFEST]) or not {DATABASE, LABELS} <= names:
        raise InputError("is damaged: it does not hold the files that it names", file=file, remedy=_ANOTHER)
    if strange := sorted(name for name in names if not _is_ours(name)):
        raise InputError(f"holds a file {strange[0]!r}, and no project has such", file=file, remedy=_ANOTHER)
    return told


def _is_ours(name: str) -> bool:
    """Tell whether a project has a file of this name, which also leads nowhere else."""
    first, *rest = name.split("/")
    if not rest:
        return name in {DATABASE, LABELS, SETTINGS, CALIBRATION}
    return first == TUNED and all(map(_is_plain, rest))


def _is_plain(part: str) -> bool:
    odd = any(character in "\\:" or unicodedata.category(character).startswith("C") for character in part)
    return bool(part) and not part.startswith(".") and not odd


def write(out: IO[bytes], members: Mapping[str, Path], told: Manifest) -> Manifest:
    """Write a backup of these files, by the names they are to have; returns what it says of itself."""
    sums: dict[str, Member] = {}
    # A fixed date: a clock that stands before 1980 writes a backup too.
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in members.items():
            sums[name] = _pack(archive, name, path)
        told = told.model_copy(update={"members": sums})
        archive.writestr(_info(MANIFEST), told.model_dump_json(indent=1))
    return told


def _pack(archive: zipfile.ZipFile, name: str, path: Path) -> Member:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as source, archive.open(_info(name), "w", force_zip64=True) as packed:
        while block := source.read(BLOCK):
            digest.update(block)
            size += len(block)
            packed.write(block)
    return Member(size=size, sha256=digest.hexdigest())


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


@contextmanager
def _damage(file: Path, what: str) -> Iterator[None]:
    try:
        yield
    except (AllabelError, MemoryError):
        raise
    # Of what a damaged archive raises, no list is complete; EINVAL is a place before the file's start.
    except Exception as error:
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise
        raise InputError(f"is damaged: {what} cannot be read ({error})", file=file, remedy=_ANOTHER) from error


def room_for(folder: Path, n_bytes: int) -> None:
    """Raise InputError where the disk of a folder has less room than that."""
    free = shutil.disk_usage(folder).free
    if free < n_bytes:
        raise InputError(
            f"there is room for {free / 2**20:,.0f} MiB, and {n_bytes / 2**20:,.0f} are needed",
            file=folder,
            remedy="free some room on the disk, or name a folder on another",
        )
