"""A PostgreSQL server of the tests' own: in a temporary folder, over a Unix socket, gone when they end."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin")
# Made to be thrown away: nothing has to outlast a power cut.
OPTIONS = (
    "fsync=off",
    "full_page_writes=off",
    "max_connections=60",
    "listen_addresses=",
    "shared_buffers=16MB",
    "autovacuum=off",
)


def binary(name: str) -> str:
    """Return the path of one of PostgreSQL's programs; skips the test where it is not installed."""
    found = shutil.which(name)
    for place in PLACES:
        found = found or next(
            (str(p / name) for p in sorted(Path("/").glob(place[1:]))[::-1] if (p / name).exists()), None
        )
    if found is None:
        pytest.skip(f"PostgreSQL is not installed ({name} is neither in PATH nor in {PLACES[0]})")
    return found


def _as_a_user() -> tuple[list[str], str]:
    """Return what runs a command as somebody whom PostgreSQL accepts, and their name: it refuses to run as root."""
    if os.geteuid() != 0:
        return [], pwd.getpwuid(os.geteuid()).pw_name
    if shutil.which("setpriv") is None:
        pytest.skip("PostgreSQL does not run as root, and setpriv is not installed")
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = known.get("postgres") or known["nobody"]
    drop = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--inh-caps=-all"]
    # It goes down with the tests, also where those are killed.
    return [*drop, "--pdeathsig=INT"], user.pw_name


def _memory() -> str | None:
    """Return a folder in memory with room for it, None where there is none: each test copies a whole database."""
    shared = Path("/dev/shm")
    roomy = shared.is_dir() and os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > 2**30
    return str(shared) if roomy else None


class PostgresServer:
    """A running server. Use as a context manager."""

    options = OPTIONS

    def __enter__(self) -> "PostgresServer":
        self._prefix, self._user = _as_a_user()
        programs = binary("initdb"), binary("postgres")
        # The socket's path must be short: pytest's own folders are not.
        self.folder = Path(tempfile.mkdtemp(prefix="allabel-pg-", dir=_memory()))
        try:
            if self._prefix:
                shutil.chown(self.folder, self._user)
            initdb = [programs[0], "-D", str(self.folder / "data"), "-U", "postgres", "-E", "UTF8"]
            options = ["--locale=C", "--auth=trust", "--no-sync"]
            subprocess.run([*self._prefix, *initdb, *options], check=True, capture_output=True, cwd=self.folder)
            self._program = programs[1]
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start it, also after `stop` or `kill`; returns when it answers."""
        options = [
            part for option in (*self.options, f"unix_socket_directories={self.folder}") for part in ("-c", option)
        ]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._prefix, self._program, "-D", str(self.folder / "data"), *options],
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )
        give_up = time.monotonic() + 60
        while True:
            with contextlib.suppress(psycopg.OperationalError), self._connect():
                return
            if self._process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"PostgreSQL does not start: {(self.folder / 'log').read_text()}")
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it at once, connections or not."""
        process = getattr(self, "_process", None)
        if process is not None and process.poll() is None:
            process.send_signal(how)
            process.wait(timeout=60)

    def kill(self) -> None:
        """End it as a crash does: nobody is told, and what it had begun is left as it is."""
        self.stop(signal.SIGQUIT)

    def url(self, name: str = "postgres", user: str = "postgres") -> str:
        """Return the URL of a database on it."""
        return f"postgresql+psycopg://{user}@/{name}?host={self.folder}"

    def execute(self, *statements: str, name: str = "postgres") -> None:
        """Run statements, each by itself, as the server's owner."""
        with self._connect(name) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """Make a database as a copy of another; yields its name and drops it in the end."""
        name = f"t{uuid.uuid4().hex}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        try:
            yield name
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _connect(self, name: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(host=str(self.folder), user="postgres", dbname=name, autocommit=True)
