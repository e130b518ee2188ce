"""An empty store on each database there is: the same tests run on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from postgres import PostgresServer

from allabel.store import Store

DATABASES = ("sqlite", "postgresql")
# For tests that take seconds, of which the default suite has few.
SERVER_IF_SLOW = ("sqlite", pytest.param("postgresql", marks=pytest.mark.slow))
TEMPLATE = "allabel_template"
_SERVER = pytest.StashKey[PostgresServer]()


def server_of(config: pytest.Config) -> PostgresServer:
    """Return the session's server, started when it is first asked for; skips where there is no PostgreSQL."""
    if _SERVER not in config.stash:
        server = PostgresServer().__enter__()
        config.add_cleanup(server.__exit__)
        # The database that the others are copied from: empty, and up to date.
        server.execute(f"CREATE DATABASE {TEMPLATE}")
        Store.create(server.url(TEMPLATE)).close()
        config.stash[_SERVER] = server
    return config.stash[_SERVER]


@contextmanager
def empty_store(database: str, config: pytest.Config, folder: Path) -> Iterator[str]:
    """Make an empty store in one of DATABASES; yields its path or its URL."""
    if database == "sqlite":
        path = folder / "project.db"
        Store.create(path).close()
        yield str(path)
        return
    server = server_of(config)
    with server.database(TEMPLATE) as name:
        yield server.url(name)
