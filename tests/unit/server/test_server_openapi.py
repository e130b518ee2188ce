"""What the server says of itself."""

import pytest

pytestmark = pytest.mark.enable_socket


def test_every_address_has_its_problems_and_its_key_in_openapi(api):
    described = api.get("/openapi.json").json()
    paths = {path for path in described["paths"] if path.startswith("/v1/")}
    assert paths == {
        "/v1/tag",
        "/v1/tag/stream",
        "/v1/jobs",
        "/v1/jobs/{id}",
        "/v1/jobs/{id}/result",
        "/v1/labels",
        "/v1/demonstrations",
        "/v1/annotations",
    }
    for path in paths:
        for operation in described["paths"][path].values():
            assert operation["security"]
            for status in ("401", "403", "422", "429"):
                assert "application/problem+json" in operation["responses"][status]["content"], (path, status)
    assert "Problem" in described["components"]["schemas"]
    assert described["components"]["schemas"]["TagRequest"]["examples"]
