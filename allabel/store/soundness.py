"""Whether the pages of an SQLite file fit together: seen before anything is written to it."""

import sqlite3
from contextlib import closing
from pathlib import Path

from allabel.errors import StoreError
from allabel.store.faults import RESTORE

# 0.1 s for 100,000 texts, tagged (94 MB). Larger files are looked at by doctor, by a backup, and before a migration.
LARGEST_BYTES = 256 * 2**20


def check_sound(path: Path) -> None:
    """Raise StoreError where a file that is not too large is damaged; not a byte of it is changed."""
    if path.stat().st_size > LARGEST_BYTES:
        return
    before = _state(path)
    problem = "" if _has_log(path) else _problem(path, "mode=ro&immutable=1")
    # Without a lock a writer's work may look like damage: what changes meanwhile is looked at as every reader does.
    if _has_log(path) or (problem and _state(path) != before):
        problem = _problem(path, "mode=ro")
    if problem:
        raise StoreError(f"the database is damaged: {problem}", file=path, remedy=RESTORE)


def _state(path: Path) -> tuple[int, int]:
    told = path.stat()
    return told.st_mtime_ns, told.st_size


def _has_log(path: Path) -> bool:
    wal = Path(f"{path}-wal")
    return wal.exists() and wal.stat().st_size > 0


def _problem(path: Path, mode: str) -> str | None:
    """Say what is wrong with a file, "" where nothing is, None where it cannot be looked at just now."""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?{mode}", uri=True)) as connection:
            found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError:
        return None
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        return str(error)
    return "" if found == "ok" else " ".join(found.split())
