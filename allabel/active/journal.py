"""A run's rounds on disk, a JSON line each: what is written survives a kill, and a later run goes on from it."""

import errno
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from allabel import sound
from allabel.active.base import Tell
from allabel.errors import InputError

FORMAT = "allabel active learning, 1"
_LARGEST = 256 * 2**20


@dataclass(slots=True)
class Journal:
    """A file whose first line says of what it is, and each other line is an entry.

    size: bytes that are known to be good; another process that writes makes it differ.
    """

    path: Path
    size: int

    @classmethod
    def open(cls, path: Path, header: Mapping[str, Any], tell: Tell) -> "tuple[Journal, list[dict[str, Any]]]":
        """Open a journal, or begin one, and return its entries in order.

        header: what the run is of; values that JSON can hold. A last line that a crash cut short is dropped, and
        `tell` hears of it. Raises InputError where the file is no journal, is of another run (naming what differs), or
        has a line that cannot be read.
        """
        head = json.loads(json.dumps({"format": FORMAT, **header}))
        try:
            data = _all_of(path)
        except OSError as error:
            raise _unusable(path, error) from error
        good = data.rfind(b"\n") + 1
        lines = [_entry(line, path, number) for number, line in enumerate(data[:good].split(b"\n")[:-1], start=1)]
        if not lines and data and not _line({"format": FORMAT}).startswith(data[:20]):
            raise _no_journal(path)
        if lines:
            _check(lines[0], head, path)
        if good < len(data):
            tell(f"{path}: the last line was cut short by a crash and is dropped; its round is done again")
            _cut(path, good)
        journal = cls(path, good)
        if not lines:
            journal.append(head)
        return journal, lines[1:]

    def append(self, entry: Mapping[str, Any]) -> None:
        """Add a line; when this returns it survives a power cut. Raises InputError where it cannot be written whole."""
        data = _line(entry)
        try:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
            descriptor = os.open(self.path, flags, 0o666)
            try:
                if os.lseek(descriptor, 0, os.SEEK_END) != self.size:
                    raise InputError(
                        "another process writes to this journal",
                        file=self.path,
                        remedy="let one run at a time write to it; the same call goes on when the other has ended",
                    )
                if os.write(descriptor, data) != len(data):
                    os.ftruncate(descriptor, self.size)
                    raise InputError("cannot be written to its end", file=self.path, remedy="free some room")
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise _unusable(self.path, error) from error
        self.size += len(data)


def _all_of(path: Path) -> bytes:
    """The bytes of a journal, none where there is no file. Raises OSError also where it is too large to be one."""
    if not path.exists():
        return b""
    with sound.opened(path) as file:
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise OSError(errno.EFBIG, "it is too large to be a journal")
    return data


def _line(entry: Mapping[str, Any]) -> bytes:
    return (json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n").encode("utf-8", "surrogatepass")


def _entry(line: bytes, path: Path, number: int) -> dict[str, Any]:
    try:
        # What a run writes may hold NaN and halves of surrogate pairs, which other JSON may not.
        entry = json.loads(line.decode("utf-8", "surrogatepass"))
        sound.refuse_deep(entry)
    except (ValueError, RecursionError) as error:
        if number == 1:
            raise _no_journal(path) from error
        raise InputError(
            f"the line cannot be read: {error!s:.200}", file=path, line=number, remedy="name another file to begin anew"
        ) from error
    if not isinstance(entry, dict):
        raise InputError("the line is no JSON object", file=path, line=number, remedy="name another file to begin anew")
    return entry


def _check(found: Mapping[str, Any], head: Mapping[str, Any], path: Path) -> None:
    if found.get("format") != FORMAT:
        raise _no_journal(path)
    differs = [
        f"{name} is {there!r} there and {here!r} here"
        for key in head
        for name, there, here in _differences(key, found.get(key), head[key])
    ]
    if differs:
        raise InputError(
            f"the journal is of another run: {'; '.join(differs)}",
            file=path,
            remedy="name another file for this run, or go on with what the journal was begun with",
        )


def _differences(name: str, there: Any, here: Any) -> list[tuple[str, Any, Any]]:
    if isinstance(there, dict) and isinstance(here, dict):
        keys = dict.fromkeys([*here, *there])
        return [found for key in keys for found in _differences(f"{name}.{key}", there.get(key), here.get(key))]
    return [] if there == here else [(name, there, here)]


def _cut(path: Path, size: int) -> None:
    try:
        os.truncate(path, size)
    except OSError as error:
        raise _unusable(path, error) from error


def _no_journal(path: Path) -> InputError:
    return InputError("is no journal of active learning", file=path, remedy="name a file that is not there yet")


def _unusable(path: Path, error: OSError) -> InputError:
    remedy = "name a file that you may read and write to, in a folder that exists"
    return InputError(f"cannot be used: {error.strerror}", file=path, remedy=remedy)
