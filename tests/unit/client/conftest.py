"""A server of a small project for the tests of the client, and one that stands before it and fails by script."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from failing_proxy import FailingProxy
from served import served, taught

from allabel.client import Client, Retries
from allabel.client.sending import KEY, URL

# Pauses of tests, for pauses have tests of their own.
QUICK = Retries(tries=4, total_s=20, first_s=0.01, most_s=0.02)


@pytest.fixture(scope="session")
def client_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return taught(tmp_path_factory.mktemp("asked") / "p")


@pytest.fixture(scope="session")
def server_url(client_project: Path) -> Iterator[str]:
    with served(client_project) as address:
        yield address


@pytest.fixture(autouse=True)
def nobodys_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (URL, KEY):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def client(server_url: str) -> Iterator[Client]:
    with Client(server_url, retries=QUICK) as made:
        yield made


@pytest.fixture
def proxy(server_url: str) -> Iterator[FailingProxy]:
    with FailingProxy(server_url) as running:
        yield running


@pytest.fixture
def through(proxy: FailingProxy) -> Iterator[Client]:
    """A client that reaches the server through the proxy."""
    with Client(proxy.url, retries=QUICK) as made:
        yield made
