"""A key is never shown, also where the connection's own error quotes it."""

import asyncio

import pytest
from openai import APIConnectionError, AsyncOpenAI

from allabel.annotate.canary import explained


@pytest.mark.parametrize("key", ["sk-very-secret", "sk-very-secret\r", "sk-very-secret\n"])
def test_a_key_quoted_by_a_connection_error_is_masked(key: str) -> None:
    async def told() -> str:
        async with AsyncOpenAI(base_url="http://127.0.0.1:9/v1", api_key=key) as client:
            request = client._client.build_request("GET", "http://127.0.0.1:9/v1")
            error = APIConnectionError(request=request)
            error.__cause__ = ValueError(f"Illegal header value {f'Bearer {key}'.encode()!r}")
            return str(await explained(error, client, "m"))

    message = asyncio.run(told())
    assert "sk-very-secret" not in message
    assert "Illegal header value" in message
