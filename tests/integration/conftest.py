"""The vLLM server that tests of the vllm lane ask."""

import json
import urllib.error
import urllib.request

import pytest
from with_vllm import URL


@pytest.fixture(scope="module")
def model() -> str:
    """The model that the server has; skips where there is no server."""
    try:
        with urllib.request.urlopen(f"{URL}/models", timeout=10) as answer:
            return str(json.load(answer)["data"][0]["id"])
    except (OSError, urllib.error.URLError) as error:
        pytest.skip(f"no server at {URL} (set ALLABEL_TEST_LLM): {error}")
