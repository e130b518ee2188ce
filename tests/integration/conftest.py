"""What integration tests share: an empty store on each database in turn, and the server that the vllm lane asks."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from with_stores import DATABASES, empty_store
from with_vllm import URL

from allabel.store import Store


@pytest.fixture(scope="module")
def model() -> str:
    """The model that the server has; skips where there is no server."""
    try:
        with urllib.request.urlopen(f"{URL}/models", timeout=10) as answer:
            return str(json.load(answer)["data"][0]["id"])
    except (OSError, urllib.error.URLError) as error:
        pytest.skip(f"no server at {URL} (set ALLABEL_TEST_LLM): {error}")


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
