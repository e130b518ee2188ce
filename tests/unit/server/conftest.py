from pathlib import Path

import httpx
import pytest
from served import served, taught


@pytest.fixture(scope="session")
def project(tmp_path_factory) -> Path:
    return taught(tmp_path_factory.mktemp("served") / "p")


@pytest.fixture(scope="session")
def url(project) -> str:
    with served(project) as address:
        yield address


@pytest.fixture
def api(url) -> httpx.Client:
    with httpx.Client(base_url=url, timeout=120) as client:
        yield client
