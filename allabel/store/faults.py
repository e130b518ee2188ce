"""The one place where a database's errors become words for the person who has to mend them."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from allabel.errors import DatabaseError, SpanError, StoreError
from allabel.store.server_faults import LOCKED, NUL, server_fault

_PERMISSION = "give yourself write permission on the file and its folder, or copy the project to a folder of yours"
RESTORE = (
    "restore a backup (allabel restore FILE.zip FOLDER) or the file from a copy; keep the damaged one, "
    "`sqlite3 FILE .recover` may save what is left in it"
)
# By SQLite's primary result code: what happened, and the way out.
_FAULTS = {
    sqlite3.SQLITE_BUSY: LOCKED,
    sqlite3.SQLITE_LOCKED: LOCKED,
    sqlite3.SQLITE_READONLY: ("it cannot be written to", _PERMISSION),
    sqlite3.SQLITE_CANTOPEN: ("it cannot be opened", _PERMISSION),
    sqlite3.SQLITE_PERM: ("it cannot be opened", _PERMISSION),
    sqlite3.SQLITE_CORRUPT: ("the database is damaged or was cut short", RESTORE),
    sqlite3.SQLITE_NOTADB: ("this is not a database, or only a piece of one", RESTORE),
    sqlite3.SQLITE_FULL: ("the disk is full; nothing half-done was kept", "free some space, then run this again"),
    sqlite3.SQLITE_IOERR: ("the disk failed while reading or writing", "check the disk, then run this again"),
}


# What SQLite says where it cannot even make room for its log.
_OF_A_FULL_DISK = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
_LOG_BYTES = 2**16


@contextmanager
def store_errors(where: str) -> Iterator[None]:
    """Turn what the database layer raises inside into DatabaseError, and into StoreError what no database keeps.

    Other exceptions pass.
    """
    try:
        yield
    except (StatementError, PoolTimeoutError, sqlite3.Error, UnicodeEncodeError) as error:
        raise _store_error(error, where) from error
    except UnicodeDecodeError as error:  # the driver cannot say what is wrong: a name in the file is not even text
        raise DatabaseError("the database is damaged", file=where, remedy=RESTORE) from error


@contextmanager
def row_errors(where: str) -> Iterator[None]:
    """Turn into DatabaseError what is raised where a row of the database is not what was ever put there."""
    try:
        yield
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, SpanError) as error:
        said = error.problem if isinstance(error, SpanError) else repr(error)
        raise DatabaseError(
            f"a row of the database cannot be read: {said}",
            file=where,
            remedy="run `allabel doctor` on the project, which names it; restore a backup: allabel restore",
        ) from error


def _store_error(error: Exception, where: str) -> StoreError:
    cause = (error.orig if isinstance(error, StatementError) else None) or error
    if isinstance(cause, UnicodeEncodeError):
        around = cause.object[max(0, cause.start - 20) : cause.end + 20]
        problem, remedy = f"half a surrogate pair cannot be stored: {around!r}", "mend that text in its file"
        return StoreError(problem, file=where, remedy=remedy)
    if NUL in str(cause):
        problem = "a text holds the character NUL (\\x00), which PostgreSQL cannot store"
        remedy = "take it out of the file, or keep the project in an SQLite file"
        return StoreError(problem, file=where, remedy=remedy)
    if isinstance(cause, (TypeError, ValueError)):
        problem, remedy = f"a value cannot be stored: {cause}", "keep `meta` to what JSON can hold"
        return StoreError(problem, file=where, remedy=remedy)
    if isinstance(cause, PoolTimeoutError):
        problem, remedy = LOCKED
    elif isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
        code = sqlite3.SQLITE_FULL if code in _OF_A_FULL_DISK and _is_full(where) else code
        problem, remedy = _FAULTS.get(code, ("the database refused", "run `allabel doctor` on the project"))
        problem = f"{problem} ({cause})"
    else:
        problem, remedy = server_fault(cause)
    return DatabaseError(problem, file=where, remedy=remedy)


def _is_full(where: str) -> bool:
    try:
        return shutil.disk_usage(Path(where).parent).free < _LOG_BYTES
    except OSError:
        return False
