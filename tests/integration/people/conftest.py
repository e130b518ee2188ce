"""Stores for the tests: an empty store on each database in turn."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from with_stores import DATABASES, empty_store

from allabel.store import Store


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
