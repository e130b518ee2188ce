"""Stores for the tests: a file, and the server that stores on PostgreSQL are on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres import PostgresServer
from with_stores import server_of

from allabel.store import Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "project.db"


@pytest.fixture
def file_store(path: Path) -> Iterator[Store]:
    with Store.create(path) as made:
        yield made


@pytest.fixture
def server(pytestconfig: pytest.Config) -> PostgresServer:
    """The session's PostgreSQL server: to be left as it was found."""
    return server_of(pytestconfig)
