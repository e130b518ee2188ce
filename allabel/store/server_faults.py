"""What a PostgreSQL server's errors mean, and the way out. Needs no driver: it goes by codes and by libpq's words."""

import re

Fault = tuple[str, str]

# What psycopg says of a NUL in a text before it sends anything.
NUL = "cannot contain NUL"

_AWAY = (
    "the database server went away; nothing half-done was kept",
    "start it again, or wait until it is back, then run this again: what was confirmed is kept",
)
_REFUSED = (
    "the database server does not let this user in",
    "check the user in the URL, and the password in ALLABEL_DATABASE, PGPASSWORD or ~/.pgpass",
)
_MISSING = ("there is no such database on the server", "make it first: createdb NAME; then name it in the URL")
_PERMISSION = (
    "this user may not do that in the database",
    "make the user the database's owner: ALTER DATABASE NAME OWNER TO USER",
)
_UNREACHABLE = (
    "the database server cannot be reached",
    "check that it runs, and the host and the port in the URL",
)
LOCKED = (
    "another program is writing to it and did not finish in time",
    "wait until the other allabel command or page has ended, then run this again",
)
_FULL = ("the server's disk or memory is full; nothing half-done was kept", "free some space there, then try again")
_CROWDED = ("the database server takes no more connections", "close other programs, or raise its max_connections")
_READ_ONLY = ("the database cannot be written to", "name the server's primary: this one is a copy that is only read")
_STARTING = ("the database server is starting or stopping", "wait a moment, then run this again")

# By SQLSTATE, the longest beginning that fits.
_BY_STATE = {
    "08": _AWAY,
    "25006": _READ_ONLY,
    "28": _REFUSED,
    "3D000": _MISSING,
    "42501": _PERMISSION,
    "53": _FULL,
    "53300": _CROWDED,
    "55P03": LOCKED,
    "57P01": _AWAY,
    "57P02": _AWAY,
    "57P03": _STARTING,
    "22P05": ("a character cannot be stored in this database's encoding", "make the database with encoding UTF8"),
}
# Without a connection there is no code, only libpq's words, the first that fits.
_BY_WORDS = (
    ("starting up", _STARTING),
    ("shutting down", _STARTING),
    ("password", _REFUSED),
    ("authentication", _REFUSED),
    ("pg_hba.conf", _REFUSED),
    ("role ", _REFUSED),
    ("permission denied for", _PERMISSION),
    ("database ", _MISSING),
    ("too many", _CROWDED),
    ("remaining connection slots", _CROWDED),
    ("connection is closed", _AWAY),
    ("connection is lost", _AWAY),
    ("server closed the connection", _AWAY),
    ("terminat", _AWAY),
    ("consuming input failed", _AWAY),
    ("sending", _AWAY),
)


def server_fault(error: BaseException) -> Fault:
    """Say what a driver's error means, with the server's own words, and how to mend it."""
    # Without the details, in which a server shows the rows that it refused.
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    state, said = str(getattr(error, "sqlstate", None) or ""), " ".join((primary or str(error)).split())
    problem, remedy = _fault(state, said)
    return f"{problem} ({said})", remedy


def _fault(state: str, said: str) -> Fault:
    for length in (5, 2) if state else ():
        if state[:length] in _BY_STATE:
            return _BY_STATE[state[:length]]
    if state or not _is_operational(said):
        return "the database refused", "run `allabel doctor` on the project"
    # What stands in quotes are names that somebody gave.
    words = re.sub(r'"[^"]*"', "", said)
    return next((fault for part, fault in _BY_WORDS if part in words), _UNREACHABLE)


def _is_operational(said: str) -> bool:
    return "connect" in said or "server" in said or "timeout" in said or "resolve" in said
