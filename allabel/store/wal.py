"""What stands in an SQLite log (-wal) behind a damage: SQLite reads up to it, and forgets the rest without a word.

Formats: sqlite.org/walformat.html.
"""

import hashlib
import shutil
import sqlite3
import struct
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

from allabel.store.copying import whole_file
from allabel.store.faults import store_errors

_HEADER, _FRAME = struct.Struct(">4I8s2I"), struct.Struct(">2I8s2I")
_BIG_ENDIAN = 0x377F0683
# At the start of a -shm file, in the machine's order: the frames that are read, and the salts of the log they are in.
_INDEX = struct.Struct("=16xI12x8s")


def keep_what_is_not_read(path: Path) -> None:
    """Warn where transactions in the log of an SQLite file are not read, and keep the log beside it.

    Raises StoreError where the disk refuses the copy.
    """
    lost = n_lost(path)
    if not lost:
        return
    log = Path(f"{path}-wal")
    with log.open("rb") as file:
        kept = Path(f"{log}.damaged-{hashlib.file_digest(file, 'sha256').hexdigest()[:8]}")
    with whole_file(kept, hidden_as=path.name) as new:
        shutil.copyfile(log, new)
    # From here on the log begins anew, so that the same is not found again.
    with store_errors(str(path)), closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    warnings.warn(
        f"{log.name} is damaged, and what was saved last cannot be read: {lost} or {lost + 1} changes. The log is kept "
        f"as {kept}; look for what is missing, and restore a backup if that holds more (docs/how-to/backup.md)",
        stacklevel=5,
    )


def kept_logs(path: Path) -> list[Path]:
    """Return the damaged logs that were kept beside an SQLite file."""
    return sorted(path.parent.glob(f"{path.name}-wal.damaged-*"))


def n_lost(path: Path) -> int:
    """Return how many transactions stand in the log that are not read, but for the last, which a crash may have cut.

    0 where that cannot be told, as another program begins the log anew.
    """
    try:
        with Path(f"{path}-wal").open("rb") as log:
            header = log.read(_HEADER.size)
            frames = [*_frames(log, _page_size(path))]
        salts = header[16:24]
        if len(header) < _HEADER.size or not frames:
            return 0
        if _is_header(header):
            n_read, its_salts = _INDEX.unpack(_index(path))
            if its_salts != salts:
                return 0
        else:
            n_read, (_, salts) = 0, frames[0]
    except FileNotFoundError:
        return 0
    return max(0, sum(ends and its == salts for ends, its in frames[n_read:]) - 1)


def _frames(log: BinaryIO, page_size: int) -> Iterator[tuple[bool, bytes]]:
    """Give of each frame whether a transaction ends with it, and its salts."""
    while len(frame := log.read(_FRAME.size)) == _FRAME.size:
        _, n_pages, salts, _, _ = _FRAME.unpack(frame)
        yield n_pages > 0, salts
        log.seek(page_size, 1)


def _page_size(path: Path) -> int:
    with path.open("rb") as file:
        (size,) = struct.unpack(">16xH", file.read(18))
    return 65_536 if size == 1 else int(size)


def _is_header(header: bytes) -> bool:
    """Tell whether the header's checksum fits."""
    magic, *_, one, other = _HEADER.unpack(header)
    words = struct.unpack(">6I" if magic == _BIG_ENDIAN else "<6I", header[:24])
    s = t = 0
    for x, y in zip(words[::2], words[1::2], strict=True):
        s = (s + x + t) % 2**32
        t = (t + y + s) % 2**32
    return (s, t) == (one, other)


def _index(path: Path) -> bytes:
    """Return what SQLite has found in the log."""
    with store_errors(str(path)), closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
        with Path(f"{path}-shm").open("rb") as index:
            return index.read(_INDEX.size)
