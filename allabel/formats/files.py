"""Files as bytes on a disk: lines in, whole files out."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from allabel import sound
from allabel.errors import InputError

BOM = "\ufeff"
# A full-text paper has a tenth of a MiB. Without a bound a file without line ends would be read into memory whole.
LONGEST_LINE, LARGEST_TEXT = 64 * 2**20, 512 * 2**20
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS}


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each line's number (from 1) and its text without the line end.

    Lines end at LF only: U+2028, U+0085 and their like are part of a text. One CR before the LF belongs to the line
    end. Raises InputError where the file cannot be read, is not UTF-8, or has a line of more than 64 MiB.
    """
    for number, line in read_raw_lines(path):
        bare = line.removesuffix("\n")
        yield number, bare.removesuffix("\r")


def read_raw_lines(path: Path, longest: int = LONGEST_LINE) -> Iterator[tuple[int, str]]:
    """Yield each line's number and its text with its line end, a byte order mark at the file's start dropped.

    longest: so many bytes a line may have. Raises InputError as `read_lines` does.
    """
    for number, raw in read_bytes_lines(path, longest):
        line = _decoded(raw, path, number)
        yield number, line.removeprefix(BOM) if number == 1 else line


def read_bytes_lines(path: Path, longest: int = LONGEST_LINE) -> Iterator[tuple[int, bytes]]:
    """Yield each line's number and its bytes with its line end. Raises InputError where a line is too long."""
    try:
        with sound.opened(path) as handle:
            number = 0
            while raw := handle.readline(longest + 1):
                number += 1
                if len(raw) > longest:
                    raise InputError(
                        f"the line is longer than {longest // 2**20} MiB",
                        file=path,
                        line=number,
                        remedy="check that this is the file you mean; split a text that is really as long",
                    )
                yield number, raw
    except OSError as error:
        raise _unreadable(path, error) from error


def require_file(path: Path) -> None:
    """Raise InputError where there is no file at the path, or none that may be read."""
    try:
        with sound.opened(path):
            return
    except OSError as error:
        raise _unreadable(path, error) from error


def require_inside(file: Path, folder: Path) -> None:
    """Raise InputError where a file of a folder is a link to somewhere else: folders are passed on, links with them."""
    if file.is_symlink() and not file.resolve().is_relative_to(folder.resolve()):
        raise InputError(
            "is a link that leads out of the folder", file=file, remedy="put a copy of the file in its place"
        )


def read_text(path: Path) -> str:
    """Return the whole file's text, line ends as they are, a byte order mark at its start dropped.

    Raises InputError as `read_lines` does, and where the file has more than 512 MiB.
    """
    require_file(path)
    if path.stat().st_size > LARGEST_TEXT:
        raise InputError(
            f"has {path.stat().st_size // 2**20:,} MiB, and is read into memory whole, up to {LARGEST_TEXT // 2**20}",
            file=path,
            remedy="export it in parts, or as lines of JSON",
        )
    return "".join(line for _, line in read_raw_lines(path, LARGEST_TEXT))


def with_mark(text: str) -> str:
    """Return a file's content that is read as this text: one byte order mark at the start is dropped by readers."""
    return (BOM if text.startswith(BOM) else "") + text


@contextmanager
def write_atomically(path: Path, *, private: bool = False) -> Iterator[TextIO]:
    """Write `path` whole or not at all: into a temporary file beside it, renamed onto it at the end.

    Gives a text handle (UTF-8, line ends as written). Whatever goes wrong, no temporary file stays behind and what
    stood at `path` is untouched. private: nobody else on the machine may read it. Raises InputError where the folder or
    the disk refuses.
    """
    try:
        # Behind a symbolic link the file itself is replaced, and the link stays.
        target = path.resolve()
        if target.exists() and not target.is_file():
            raise InputError("is not a regular file", file=path, remedy="name a file, not a folder or a device")
        temporary = target.with_name(f".{secrets.token_hex(6)}.tmp")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else _mode(target))
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
    if error.errno == errno.EINVAL:
        return InputError(str(error.strerror), file=path, remedy="write it to a file first, and name that")
    return InputError(f"cannot be read: {error.strerror}", file=path, remedy="check the file's permissions")
