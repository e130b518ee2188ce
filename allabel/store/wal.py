"""What stands in an SQLite log (-wal) behind a damage: SQLite reads up to it, and forgets the rest without a word.

Formats: sqlite.org/walformat.html. Only the log itself is opened here: to close another descriptor of a database or of
its -shm would drop the locks that this process holds on it.
"""

import hashlib
import shutil
import sqlite3
import struct
import warnings
from contextlib import closing
from functools import cache
from operator import mul
from pathlib import Path
from typing import BinaryIO

from allabel.store.copying import whole_file
from allabel.store.faults import store_errors
from allabel.store.soundness import LARGEST_BYTES

_HEADER, _FRAME = struct.Struct(">4I8s2I"), struct.Struct(">2I8s2I")
_BIG_ENDIAN = 0x377F0683
_PAGE_SIZE = 4096

Sums = tuple[int, int]


def keep_what_is_not_read(path: Path, busy_timeout_s: float) -> None:
    """Warn where transactions in the log of an SQLite file are not read, and keep the log beside it.

    Raises StoreError where the disk refuses the copy, or another program holds the lock for longer than that.
    """
    if not n_lost(path):
        return
    log = Path(f"{path}-wal")
    with store_errors(str(path)), closing(_connected(path, busy_timeout_s)) as connection:
        # Nobody writes to the log while it is looked at and copied; of two programs the second finds it in order.
        connection.execute("BEGIN IMMEDIATE")
        lost = n_lost(path)
        if not lost:
            return
        kept = Path(f"{log}.damaged-{hashlib.sha256(log.read_bytes()).hexdigest()[:8]}")
        with whole_file(kept, hidden_as=path.name) as new:
            shutil.copyfile(log, new)
        connection.execute("ROLLBACK")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    warnings.warn(
        f"{log.name} is damaged, and what was saved last cannot be read: {lost} or {lost + 1} changes. The log is kept "
        f"as {kept}; look for what is missing, and restore a backup if that holds more (docs/how-to/backup.md)",
        stacklevel=5,
    )


def _connected(path: Path, busy_timeout_s: float) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=busy_timeout_s, isolation_level=None)


def kept_logs(path: Path) -> list[Path]:
    """Return the damaged logs that were kept beside an SQLite file."""
    return sorted(path.parent.glob(f"{path.name}-wal.damaged-*"))


def n_lost(path: Path) -> int:
    """Return how many transactions stand in the log that are not read, but for the last, which a crash may have cut.

    While another program writes it may be more than 0 although nothing is lost.
    """
    log = Path(f"{path}-wal")
    try:
        with log.open("rb") as file:
            return max(0, _n_behind(file) - 1) if log.stat().st_size <= LARGEST_BYTES else 0
    except FileNotFoundError:
        return 0


def _n_behind(log: BinaryIO) -> int:
    """Count the transactions of the log that end behind the last one whose checksums fit."""
    header = log.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return 0
    magic, _, page_size, _, salts, *told = _HEADER.unpack(header)
    order = ">" if magic == _BIG_ENDIAN else "<"
    sums = summed(header[:24], order, (0, 0))
    fits = sums == tuple(told)
    if not fits:
        # SQLite reads nothing of such a log; its salts may be what is damaged.
        page_size, salts = _PAGE_SIZE, b""
    step = _FRAME.size + page_size
    n = 0
    while len(frame := log.read(step)) == step:
        _, n_pages, its_salts, *told = _FRAME.unpack_from(frame)
        if not salts:
            salts = its_salts
        if fits:
            sums = summed(frame[:8] + frame[_FRAME.size :], order, sums)
            fits = its_salts == salts and sums == tuple(told)
        if n_pages and its_salts == salts:
            n = 0 if fits else n + 1
    return n


def summed(content: bytes, order: str, before: Sums) -> Sums:
    """Return SQLite's checksum of some bytes, a multiple of eight, on top of that of what stands before them."""
    words = struct.unpack(f"{order}{len(content) // 4}I", content)
    (a, b), (c, d), of_one, of_other = _weights(len(words) // 2)
    s, t = before
    return (a * s + b * t + sum(map(mul, of_one, words))) % 2**32, (
        c * s + d * t + sum(map(mul, of_other, words))
    ) % 2**32


@cache
def _weights(n: int) -> tuple[Sums, Sums, list[int], list[int]]:
    """Return how the two sums depend, after n pairs of words, on those of before and on each word.

    With each pair x, y: s becomes s + t + x, and t becomes t + y + the new s.
    """
    (a, b), (c, d) = (1, 0), (0, 1)
    of_one: list[int] = []
    of_other: list[int] = []
    for _ in range(n):
        # From the last pair to the first: the pairs behind a word are counted in already.
        of_one[:0] = (a + b) % 2**32, b
        of_other[:0] = (c + d) % 2**32, d
        (a, b), (c, d) = ((a + b) % 2**32, (a + 2 * b) % 2**32), ((c + d) % 2**32, (c + 2 * d) % 2**32)
    return (a, b), (c, d), of_one, of_other
