"""Stores for the tests: a file, or an empty store on each database in turn."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres import PostgresServer
from with_stores import DATABASES, empty_store, server_of

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


@pytest.fixture(params=DATABASES)
def place(request: pytest.FixtureRequest, pytestconfig: pytest.Config, tmp_path: Path) -> Iterator[str]:
    """Where an empty store is, on each database."""
    with empty_store(request.param, pytestconfig, tmp_path) as made:
        yield made


@pytest.fixture
def store(place: str) -> Iterator[Store]:
    """An empty store, on each database."""
    with Store.open(place) as opened:
        yield opened
