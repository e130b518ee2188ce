"""How a server is told to keep to a JSON schema: two ways that are proven at the start, and a named way without."""

from collections.abc import Mapping
from typing import Any, Literal

from allabel.annotate.canary import Binding, by_response_format

Structured = Literal["response_format", "structured_outputs", "none"]

DEGRADED = (
    'structured = "none": the server is not bound to the JSON schema; answers that do not keep to it are asked for '
    "once more and then count as unparseable"
)


def structured_outputs(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a request that bind a reply in vLLM's own words (0.12 or later)."""
    return {"extra_body": {"structured_outputs": {"json": dict(schema)}}}


_BINDINGS: dict[Structured, Binding | None] = {
    "response_format": by_response_format,
    "structured_outputs": structured_outputs,
    "none": None,
}


def binding(structured: Structured) -> Binding | None:
    """Return what makes a request's binding fields, None for the way without."""
    return _BINDINGS[structured]
