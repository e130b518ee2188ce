"""Files as bytes on a disk: lines in, whole files out."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from allabel.errors import InputError

BOM = "\ufeff"
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS}


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each line's number (from 1) and its text without the line end.

    Lines end at LF only: U+2028, U+0085 and their like are part of a text. One CR before the LF belongs to the line
    end. Raises InputError where the file cannot be read or is not UTF-8.
    """
    for number, line in read_raw_lines(path):
        bare = line.removesuffix("\n")
        yield number, bare.removesuffix("\r")


def read_raw_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each line's number and its text with its line end, a byte order mark at the file's start dropped."""
    try:
        with path.open("rb") as handle:
            for number, raw in enumerate(handle, start=1):
                line = _decoded(raw, path, number)
                yield number, line.removeprefix(BOM) if number == 1 else line
    except OSError as error:
        raise _unreadable(path, error) from error


def require_file(path: Path) -> None:
    """Raise InputError where there is no file at the path, or none that may be read."""
    try:
        with path.open("rb"):
            return
    except OSError as error:
        raise _unreadable(path, error) from error


def read_text(path: Path) -> str:
    """Return the whole file's text, line ends as they are, a byte order mark at its start dropped."""
    return "".join(line for _, line in read_raw_lines(path))


@contextmanager
def write_atomically(path: Path) -> Iterator[TextIO]:
    """Write `path` whole or not at all: into a temporary file beside it, renamed onto it at the end.

    Gives a text handle (UTF-8, line ends as written). Whatever goes wrong, no temporary file stays behind and what
    stood at `path` is untouched. Raises InputError where the folder or the disk refuses.
    """
    try:
        # Behind a symbolic link the file itself is replaced, and the link stays.
        target = path.resolve()
        if target.exists() and not target.is_file():
            raise InputError("is not a regular file", file=path, remedy="name a file, not a folder or a device")
        temporary = target.with_name(f".{secrets.token_hex(6)}.tmp")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _mode(target))
    except OSError as error:
        raise unwritable(path, error) from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as handle:
            yield handle
            handle.flush()
            os.fsync(descriptor)
        temporary.replace(target)
    except UnicodeEncodeError as error:
        raise half_character(error, path, "cannot be written") from error
    except OSError as error:
        if error.errno in _NO_ROOM or error.filename == str(temporary):
            raise unwritable(path, error) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def half_character(error: UnicodeEncodeError, path: Path, what: str) -> InputError:
    """Give the InputError of a text with half a surrogate pair, which no UTF-8 file can hold."""
    return InputError(
        f"{what}: {error.object[error.start]!r} is half of a surrogate pair, not a character",
        file=path,
        remedy="mend the text: it was cut inside a character",
    )


def unwritable(path: Path, error: OSError) -> InputError:
    """Give the InputError of a path that the system refuses to write, with what may help."""
    remedy = {
        errno.ENOENT: f"make the folder first: mkdir -p {path.parent}",
        errno.ENOSPC: "free some room on the disk, or write elsewhere",
        errno.EDQUOT: "free some room in your quota, or write elsewhere",
    }.get(error.errno or 0, "write to a folder that you may write to")
    return InputError(f"cannot be written: {error.strerror}", file=path, remedy=remedy)


def _mode(target: Path) -> int:
    return target.stat().st_mode & 0o777 if target.exists() else 0o666


def _decoded(raw: bytes, path: Path, line: int) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"byte {error.start + 1} of the line, 0x{raw[error.start]:02x}, is not UTF-8",
            file=path,
            line=line,
            remedy="save the file as UTF-8 (Windows programs often write cp1252 or UTF-16)",
        ) from error


def _unreadable(path: Path, error: OSError) -> InputError:
    if isinstance(error, FileNotFoundError):
        return InputError("there is no such file", file=path, remedy="check the name and the folder")
    if isinstance(error, IsADirectoryError):
        return InputError("is a folder, not a file", file=path, remedy="name one file in it")
    return InputError(f"cannot be read: {error.strerror}", file=path, remedy="check the file's permissions")
